"""`sms-bridge init`: six questions, and the files that their answers make."""
