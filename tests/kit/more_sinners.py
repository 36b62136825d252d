"""More sins of `sins/`, by theme; they stand as those of `sinners.py` do."""

from .sinning import Sin

CLIENTS = [
    Sin("asyncio_repeats", "bronze", "test_a_broken_answer", "the request was repeated blindly"),
    Sin("curl_proxy", "bronze", "test_send", "the request was never made"),
    Sin("repeats_by_decorator", "bronze", "test_a_broken_answer", "the request was repeated blindly"),
    Sin(
        "repeats_when_told",
        "bronze",
        "test_a_broken_answer",
        "the request was repeated blindly: a gateway's 503",
    ),
    Sin("reads_without_bound", "bronze", "test_an_answer_without_end", "MiB were read"),
    Sin("paces_itself", "bronze", "test_send", "send_batch slept 1 s"),
]
MONEY = [
    Sin(
        "idempotency_key_by_chance",
        "bronze",
        "test_what_was_refused",
        "is another when the same batch is asked for again",
    ),
    Sin("reconcile_too_narrow", "bronze", "test_a_look_up_covers", "query.from begins after the call"),
    Sin("reconcile_believes_a_part", "bronze", "test_a_part_of_a_look_up", "says that there is more (total)"),
    Sin("check_sends", "bronze", "test_nothing_but_a_send", "check_channel makes the request of a send"),
    Sin("sorts_by_number", "bronze", "test_results_stand", "of 3 messages got another's result"),
    Sin("sorts_by_number_untold", "bronze", "test_results_stand", "2 of 2 messages, sent backwards, got"),
    Sin("zips_what_is_named", "bronze", "test_results_stand", "2 of 2 messages, sent backwards, got"),
    Sin("merges_alike", "bronze", "test_a_full_batch", "of 500 messages in full batches 8 reached"),
    Sin("cuts_country_code", "bronze", "test_a_foreign_number", "without its country code"),
    Sin("drops_emoji", "bronze", "test_values_arrive", "did not arrive whole"),
    Sin("strips_values", "bronze", "test_values_arrive", "did not arrive whole"),
    Sin("swallows_in_poll", "silver", "test_a_bug_in_a_page", "came to ReceiptPage(receipts=[]"),
    Sin("template_repeats", "bronze", "test_a_lost_answer_is", "1 became 2"),
]
TOLD = [
    Sin("span_name", "bronze", "test_send", "an attribute of a trace shows a full phone number"),
    Sin("span_attributes", "bronze", "test_send", "an attribute of a trace shows a full phone number"),
    Sin("span_exception", "bronze", "test_send", "an attribute of a trace shows a full phone number"),
    Sin("span_status", "bronze", "test_send", "an attribute of a trace shows a full phone number"),
    Sin("own_tracer", "bronze", "test_send", "an attribute of a trace shows the text of a message"),
    Sin("baggage", "bronze", "test_send", "the baggage of a trace shows a full phone number"),
    Sin("otel_counter", "bronze", "test_send", "an attribute of a metric shows a full phone number"),
    Sin("metric_exemplar", "bronze", "test_send", "the value of a metric shows a full phone number"),
    Sin("metric_value", "bronze", "test_send", "the value of a metric shows a full phone number"),
    Sin("metric_name", "bronze", "test_send", "the name of a metric shows a full phone number"),
    Sin("logger_name", "bronze", "test_send", "the name of a logger shows a full phone number"),
    Sin("logger_unheard", "bronze", "test_send", "the printed text shows a full phone number"),
    Sin("standard_error", "bronze", "test_send", "the printed text shows a full phone number"),
    Sin("structlog_number", "bronze", "test_send", "shows a full phone number"),
    Sin("tells_at_exit", "bronze", "test_send", "left for the end of the process (atexit)"),
    Sin(
        "tells_when_forgotten", "bronze", "test_nothing_is_told", "a full phone number (when it is forgotten"
    ),
    Sin("file_for_a_moment", "bronze", "test_send", "shows a full phone number"),
    Sin("exception_note", "bronze", "test_send", "an exception shows a full phone number"),
    Sin("exception_cause", "bronze", "test_send", "an exception shows a full phone number"),
    Sin("exception_attribute", "bronze", "test_send", "an attribute of an exception shows the text"),
]
GENUINE = [
    Sin("webhook_by_get", "silver", "test_a_forged", "not signed, by GET: came to"),
    Sin("webhook_by_tail", "silver", "test_a_forged", "not signed, below another address: came to"),
    Sin(
        "webhook_by_kind",
        "silver",
        "test_a_forged",
        "not signed, as application/x-www-form-urlencoded: came to",
    ),
    Sin("webhook_by_forwarder", "silver", "test_a_forged", "not signed, with x-forwarded-for: came to"),
    Sin("webhook_by_peer", "silver", "test_a_forged", "not signed, from this host: came to"),
    Sin("accepts_empty_signature", "silver", "test_a_forged", "with an empty x-acme-signature: came to"),
    Sin("signs_what_it_parsed", "silver", "test_a_webhook_is_verified", "make the digest of request.body"),
    Sin("takes_old_webhooks", "silver", "test_an_old_webhook", "signed a day ago, came to"),
]
COUNTED = [
    Sin("reference_in_a_wide_circle", "bronze", "test_references", "is counted up, or drawn out of few"),
    Sin("reference_of_second_and_count", "bronze", "test_references", "body.ref is "),
    Sin("reference_counts_on", "bronze", "test_references", "is counted up, or drawn out of few"),
    Sin("reference_drawn_small", "bronze", "test_references", "body.ref is "),
    Sin("reference_of_content", "bronze", "test_references", "is made of the numbers or texts"),
    Sin("nonce_in_a_circle", "bronze", "test_references", "header X-Nonce comes again"),
    Sin("nonce_of_second", "bronze", "test_references", "header X-Nonce comes again"),
]
EVERYBODYS = [
    Sin("evaluates_by_another_name", "bronze", "test_send", "text was run as code"),
    Sin("shell_by_hand", "bronze", "test_send", "words were given to a shell"),
    Sin("prints_replaced", "bronze", "test_send", "builtins.print was replaced"),
    Sin(
        "digits_without_end",
        "bronze",
        "test_send",
        "the longest integer (set_int_max_str_digits) was changed",
    ),
    Sin("files_of_the_process", "bronze", "test_send", "the limits of the process (setrlimit) was changed"),
    Sin("traces_everything", "bronze", "test_send", "the profiling of every function was changed"),
    Sin("collects_seldom", "bronze", "test_send", "the pace of the collection of garbage was changed"),
    Sin("process_title", "bronze", "test_send", "the arguments of the process (sys.argv) was changed"),
    Sin("key_of_environ_bytes", "bronze", "test_send", "of the environment was read"),
    Sin("environment_from_proc", "bronze", "test_send", "/proc/self/environ was opened"),
]
LATER = [
    Sin("second_loss_resends", "bronze", "test_a_lost_answer_over", "3 lost answers: 3 became 5"),
    Sin("large_chunk_resends", "bronze", "test_a_full_batch_whose", "100 were sent again"),
    Sin("large_rest_not_sent", "bronze", "test_a_full_batch_whose", "were taken some are called not_sent"),
    Sin("number_in_process_environment", "bronze", "test_send", "the environment of a process shows a full"),
    Sin("datagram_by_sendmsg", "bronze", "test_send", "a datagram shows a full phone number"),
    Sin("datagram_past_python", "bronze", "test_send", "a socket of the C library was used"),
    Sin("connects_past_python", "silver", "test_webhook", "a socket of the C library was used"),
    Sin("number_in_a_look_up", "bronze", "test_send", "a name that is looked up shows a full phone number"),
    Sin("opens_a_door", "bronze", "test_send", "a door was opened (bind)"),
    Sin("tells_the_signature", "silver", "test_a_forged", "the signature that would have been right is told"),
    Sin("logs_the_signature", "silver", "test_a_forged", "the signature that would have been right is told"),
    Sin("family_of_addresses", "bronze", "test_send", "allowed_gai_family was replaced"),
    Sin("replaces_a_date", "bronze", "test_send", "email.utils.formatdate was replaced"),
]
GUESSED = [
    Sin("drops_a_beginning", "bronze", "test_a_full_batch_reaches", "reached the vendor"),
    Sin("drops_a_country", "bronze", "test_whoever_is_accepted_in_another", "31 reached the vendor"),
    Sin("secret_in_query", "bronze", "test_send", "a secret stands in the address of a request"),
    Sin("secret_in_query_encoded", "bronze", "test_send", "a secret stands in the address of a request"),
    Sin("believes_a_5xx", "bronze", "test_a_success_with_a_status", "status 500 with the body of a success"),
    Sin("look_up_believes_a_5xx", "bronze", "test_a_look_up_with_a_status", "answered with status 500"),
    Sin("guesses_status_by_beginning", "silver", "test_no_status_is", "'okx', which only resembles 'ok'"),
    Sin("guesses_status_by_end", "silver", "test_no_status_is", "'undead', which only resembles 'dead'"),
    Sin("guesses_status_by_letters", "silver", "test_no_status_is", "'dea', which only resembles 'dead'"),
    Sin("guesses_code_by_beginning", "silver", "test_no_code_is", "'177', which only resembles '17'"),
    Sin("guesses_code_by_end", "silver", "test_no_code_is", "'717', which only resembles '17'"),
    Sin("rejects_unlisted_codes", "gold", "test_error", "a code the vendor does not have became rejected"),
    Sin("structlog_context", "bronze", "test_send", "the context of every line of the log shows a full"),
    Sin(
        "structlog_context_for_a_moment",
        "bronze",
        "test_send",
        "the context of every line of the log shows a full",
    ),
    Sin("context_variable", "bronze", "test_send", "a variable of the context shows a full phone number"),
]
READ = [
    Sin("obeys_a_hint", "bronze", "test_a_success_is_one", "with a header Retry-After gives {<Outcome.NOT_"),
    Sin("knows_one_success", "bronze", "test_a_success_is_one", "with status 202 gives {<Outcome.NOT_SENT"),
    Sin("socket_without_end", "bronze", "test_send", "without a time-out"),
    Sin("success_by_part", "bronze", "test_only_the_word", "'unsuccessful' was accepted too"),
    Sin("success_by_end", "bronze", "test_only_the_word", "0 does, and 70 was accepted too"),
    Sin("success_by_sign", "bronze", "test_only_the_word", "0 does, and -1 was accepted too"),
    Sin("success_by_text", "bronze", "test_only_the_word", "0 was found elsewhere in the answer"),
    Sin("success_when_nothing_is_said", "bronze", "test_only_the_word", "and without it was accepted too"),
    Sin(
        "answer_type_by_letters",
        "bronze",
        "test_an_answer_may_name",
        "its content type written in other letters",
    ),
    Sin(
        "webhook_type_by_letters",
        "silver",
        "test_a_webhook_may_name",
        "'Application/JSON; Charset=UTF-8', came to",
    ),
    Sin("cuts_replies", "silver", "test_a_reply_arrives", "came to 'Ja"),
    Sin("cleans_replies", "silver", "test_a_reply_arrives", "came to 'Ja"),
    Sin(
        "first_receipt_only",
        "silver",
        "test_every_record",
        "with its record twice, as two messages, came to 1",
    ),
    Sin("hedges", "bronze", "test_a_slow_answer", "1 became 2"),
    Sin(
        "fills_up_with_refusals", "bronze", "test_a_message_the_answer", "an answer without the last message"
    ),
    Sin("remembers_results", "bronze", "test_what_was_refused", "the plugin made no request"),
    Sin(
        "time_of_reading", "silver", "test_a_webhook_that_comes_again", "a second time came to something else"
    ),
    Sin("compares_numbers", "silver", "test_a_forged", "with a zero in front of x-acme-signature"),
    Sin(
        "signed_once_is_trusted",
        "silver",
        "test_a_forged",
        "not signed, after a genuine one from the same address",
    ),
    Sin("formats_what_it_was_sent", "bronze", "test_a_vendors_sentence", "holds braces and per cents"),
    Sin("imports_what_is_named", "bronze", "test_the_source", "imports what a word names"),
    Sin("shared_memory", "bronze", "test_send", "memory with a name was opened"),
    Sin("default_retries", "bronze", "test_send", "requests.adapters.DEFAULT_RETRIES was replaced"),
    Sin("debug_level", "bronze", "test_send", "the printed text shows a secret"),
]
OPENED = [
    Sin("matches_glob", "silver", "test_a_forged", "with '*' for x-acme-signature"),
    Sin("matches_expression", "silver", "test_a_forged", "with '.*' for x-acme-signature"),
    Sin("matches_like", "silver", "test_a_forged", "with '%' for x-acme-signature"),
]
LOST = [
    Sin("hook_repeats_by_adapter", "bronze", "test_a_broken_answer", "the request was repeated blindly"),
    Sin("signer_by_address", "silver", "test_two_accounts", "header X-Sign is not what the account sends"),
    Sin("repeats_single_codes", "bronze", "test_no_kind_of_send", "a send of type 0 to 1, whose answer was"),
    Sin("bug_in_one_accepted", "bronze", "test_a_bug_in_one", "the result of message 1 was made gives"),
    Sin("odd_entry_accepted", "bronze", "test_a_message_told", "tells of the last message by null gives"),
    Sin(
        "status_507_not_sent", "bronze", "test_a_success_with", "status 505 with the body of a success gives"
    ),
    Sin("repeats_after_cut_chunk", "bronze", "test_a_broken_answer", "in the middle of a chunk"),
    Sin("repeats_after_closed", "bronze", "test_a_broken_answer", "blindly: the connection is closed before"),
    Sin("repeats_after_garbled", "bronze", "test_a_broken_answer", "blindly: something that is no HTTP"),
]
MORE = [*LOST, *OPENED, *CLIENTS, *MONEY, *TOLD, *GENUINE, *COUNTED, *EVERYBODYS, *LATER, *GUESSED, *READ]
