"""What comes back: receipts and replies of vendors, and the callbacks and answers that tell of them."""
