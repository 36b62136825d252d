"""The sins of `sins/`, by theme: the rule of the kit that tells each, and a piece of what it says."""

from typing import NamedTuple


class Sin(NamedTuple):
    """A file of `sins/`, its rung's rule that fails, and a piece of what it says."""

    name: str
    rung: str
    test: str
    says: str


CLIENTS = [
    Sin("urllib_repeats", "bronze", "test_a_broken_answer", "the request was repeated blindly"),
    Sin(
        "urllib_5xx_not_taken",
        "bronze",
        "test_a_broken_answer",
        "502 page instead of the answer: {<Outcome.NOT_SENT",
    ),
    Sin(
        "urllib_page_refused",
        "bronze",
        "test_a_broken_answer",
        "status 200 with a page instead of the answer: {<Outcome.REJECTED",
    ),
    Sin(
        "urllib_cut_not_sent",
        "bronze",
        "test_a_broken_answer",
        "in the middle of the answer: {<Outcome.NOT_SENT",
    ),
    Sin("urllib_bug_accepted", "bronze", "test_a_bug_in_a_send", "a bug gives {<Outcome.ACCEPTED"),
    Sin("urllib_redirect", "bronze", "test_a_broken_answer", "a redirect was followed"),
    Sin("urllib_proxy", "bronze", "test_send", "the environment's proxy was used"),
    Sin("urllib_patient", "bronze", "test_send", "a time-out of 600 s"),
    Sin("urllib_trusting", "bronze", "test_the_source", "certificates are not verified (CERT_NONE)"),
    Sin(
        "adapter_repeats",
        "bronze",
        "test_a_lost_answer_over_real",
        "would be repeated by its adapter (max_retries)",
    ),
    Sin("adapter_on_session", "bronze", "test_send", "repeats requests blindly; leave repeats to the bridge"),
    Sin("http_client_repeats", "bronze", "test_send", "the table has no such request, or not as often"),
    Sin("urllib3_repeats", "bronze", "test_a_broken_answer", "the request was repeated blindly"),
    Sin("urllib3_without_end", "bronze", "test_send", "without a time-out"),
    Sin("aiohttp_redirects", "bronze", "test_a_broken_answer", "a redirect was followed"),
    Sin("aiohttp_proxy", "bronze", "test_send", "the environment's proxy was used"),
    Sin("curl_repeats", "bronze", "test_a_broken_answer", "the request was repeated blindly"),
    Sin("curl_redirects", "bronze", "test_a_broken_answer", "a redirect was followed"),
    Sin(
        "repeats_after_503",
        "bronze",
        "test_a_broken_answer",
        "the request was repeated blindly: a gateway's 503",
    ),
    Sin(
        "repeats_after_520", "bronze", "test_a_broken_answer", "the request was repeated blindly: status 520"
    ),
    Sin(
        "repeats_with_next",
        "bronze",
        "test_a_lost_answer_over_real",
        "the next call sent the lost request again",
    ),
    Sin("repeats_later", "bronze", "test_a_lost_answer_over_real", "1 became 2"),
    Sin("hook_repeats", "bronze", "test_a_broken_answer", "the request was repeated blindly"),
    Sin("adapter_without_end", "bronze", "test_send", "HTTPAdapter ends no exchange in time"),
    Sin("adapter_repeats_by_hand", "bronze", "test_a_lost_answer_over_real", "1 became 2"),
    Sin(
        "adapter_changed_later",
        "bronze",
        "test_a_lost_answer_over_real",
        "would be repeated by its adapter (max_retries)",
    ),
    Sin("follows_307", "bronze", "test_a_broken_answer", "a redirect was followed"),
]
MONEY = [
    Sin("status_524_not_sent", "bronze", "test_a_broken_answer", "524 page instead of the answer: {"),
    Sin("repeats_after_odd_status", "bronze", "test_a_broken_answer", "repeated blindly: status 561"),
    Sin("page_404_not_sent", "bronze", "test_a_broken_answer", "404 page instead of the answer: {"),
    Sin(
        "reconcile_404_not_sent",
        "bronze",
        "test_a_lost_answer_is",
        "404 page instead of the answer: the",
    ),
    Sin(
        "reconcile_throttle_not_sent",
        "bronze",
        "test_a_lost_answer_is",
        "429 page instead of the answer:",
    ),
    Sin("same_identity", "bronze", "test_an_account_keeps", "identity() is the same for two accounts"),
    Sin("random_identity", "bronze", "test_an_account_keeps", "identity() of one account changes"),
    Sin("repeats_with_reconcile", "bronze", "test_nothing_that", "reconcile_batch sent a batch again"),
    Sin("resends_on_event", "bronze", "test_nothing_that_follows", "on_event sent a batch again"),
    Sin("accepts_without_results", "bronze", "test_a_message_the", "an answer without any message: {"),
    Sin("repeats_on_used_connection", "bronze", "test_a_lost_answer_over", "used before, 1 became 2"),
    Sin("chunk_overlap", "bronze", "test_a_full_batch", "were sent more than once"),
]
SHARED = [
    Sin("class_session", "silver", "test_two_accounts", "holds a secret of another account"),
    Sin(
        "module_session", "silver", "test_two_accounts", "keep sessions, keys and caches in the vendor object"
    ),
    Sin("class_key", "silver", "test_two_accounts", "with a second account beside it"),
    Sin("cached_token", "silver", "test_two_accounts", "holds a secret of another account"),
    Sin("shared_buffer", "silver", "test_two_threads", "two threads at once"),
    Sin("shared_reference", "silver", "test_two_threads", "two threads at once"),
    Sin("environment_key", "bronze", "test_send", "the environment of the process was changed"),
    Sin("default_key", "silver", "test_two_accounts", "with a second account beside it"),
    Sin("one_for_all", "silver", "test_two_accounts", "with a second account beside it"),
    Sin("shared_answers", "silver", "test_two_accounts", "with a second account beside it"),
    Sin("shared_answer", "silver", "test_two_threads", "two threads at once"),
    Sin("one_at_a_time", "silver", "test_two_threads", "two threads at once"),
]
LEAKS = [
    Sin("log_last_digits", "bronze", "test_send", "the log shows 6 or more digits of a phone number"),
    Sin("log_first_digits", "bronze", "test_send", "the log shows 6 or more digits of a phone number"),
    Sin("log_value", "bronze", "test_send", "the log shows a value of a message"),
    Sin("log_text", "bronze", "test_send", "the log shows the text of a message"),
    Sin("log_digest", "bronze", "test_send", "the digest of a phone number"),
    Sin("log_extra", "bronze", "test_send", "the log shows a full phone number"),
    Sin("log_alone", "bronze", "test_send", "the log shows a full phone number"),
    Sin("prints", "bronze", "test_send", "something was printed"),
    Sin("prints_number", "bronze", "test_send", "the printed text shows a full phone number"),
    Sin("value_in_error", "bronze", "test_send", "an exception shows a value of a message"),
    Sin("log_reversed", "bronze", "test_send", "shows a full phone number"),
    Sin("log_apart", "bronze", "test_send", "shows a full phone number"),
    Sin("log_other_digits", "bronze", "test_send", "shows a full phone number"),
    Sin("log_both_ends", "bronze", "test_send", "digits of a phone number around a mask"),
    Sin("log_short_digest", "bronze", "test_send", "the digest of a phone number"),
    Sin("log_digest_base64", "bronze", "test_send", "the digest of a phone number"),
    Sin("log_keyed_digest", "bronze", "test_the_log_tells", "tells of the numbers in some disguise"),
    Sin("log_letters", "bronze", "test_the_log_tells", "tells of the numbers in some disguise"),
    Sin("log_number_base_36", "bronze", "test_the_log_tells", "tells of the numbers in some disguise"),
    Sin("log_value_encoded", "bronze", "test_the_log_tells", "tells of the values in some disguise"),
    Sin("log_value_apart", "bronze", "test_the_log_tells", "tells of the values in some disguise"),
    Sin("log_secret_half", "bronze", "test_send", "a part of a secret of the settings"),
    Sin("log_secret_digest", "bronze", "test_the_log_tells", "tells of the secrets in some disguise"),
    Sin("log_below_debug", "bronze", "test_send", "shows a full phone number"),
    Sin("log_in_thread", "bronze", "test_send", "shows a full phone number"),
    Sin("writes_past_python", "bronze", "test_send", "the printed text shows a full phone number"),
    Sin("process_prints", "bronze", "test_send", "the printed text shows a full phone number"),
    Sin("repr_of_secret", "bronze", "test_the_log_tells", "tells of the secrets in some disguise"),
    Sin("log_webhook", "silver", "test_webhook", "the log shows a full phone number"),
]
LIMITS = [
    Sin("long_timeout", "bronze", "test_send", "a time-out of 600 s"),
    Sin("no_certificate", "bronze", "test_send", "verify=False"),
    Sin("redirects", "bronze", "test_send", "would follow a redirect"),
    Sin("trusts_environment", "bronze", "test_send", "obeys the environment's proxies"),
    Sin("sleeps_in_send", "bronze", "test_send", "send_batch slept 20 s"),
    Sin("sleeps_by_name", "bronze", "test_send", "send_batch slept 20 s"),
    Sin("sleeps_in_webhook", "silver", "test_webhook", "parse_webhook slept 0.2 s"),
    Sin("waits_in_webhook", "silver", "test_webhook", "parse_webhook waited 1.5 s for something"),
    Sin("connects_in_webhook", "silver", "test_webhook", "parse_webhook opened a connection"),
    Sin("datagram_in_webhook", "silver", "test_webhook", "parse_webhook opened a connection"),
    Sin("limits_without_end", "bronze", "test_the_table_is_complete", "no vendor takes more than"),
    Sin("changes_params", "bronze", "test_send", "send_batch changed what it was given"),
    Sin("zips", "bronze", "test_a_message_the_answer_leaves_out", "2 messages, but 1 results"),
    Sin(
        "fills_up",
        "bronze",
        "test_a_message_the_answer_leaves_out",
        "an answer without the last message: {<Outcome.ACCEPTED",
    ),
    Sin("verify_nothing", "bronze", "test_send", "was made with verify=0"),
    Sin("proxy_by_hand", "bronze", "test_send", "goes through a proxy of the environment"),
    Sin("changes_settings", "bronze", "test_send", "the constructor changed the settings"),
    Sin("no_time_for_sockets", "bronze", "test_send", "the time-out of all sockets was changed"),
    Sin("unverified_process", "bronze", "test_send", "certificates of the whole process"),
    Sin(
        "calls_rest_refused",
        "bronze",
        "test_a_message_the_answer_leaves_out",
        "an answer without the last message",
    ),
]
FORGED = [
    Sin("compares_eight", "silver", "test_a_forged", "of x-acme-signature changed: came to"),
    Sin("compares_half", "silver", "test_a_forged", "with the middle of x-acme-signature changed"),
    Sin("compares_as_far", "silver", "test_a_forged", "with the length of x-acme-signature changed"),
    Sin("compares_with_equals", "bronze", "test_the_source", "a signature is compared with =="),
    Sin("naive_time", "silver", "test_webhook", "ValueError came out"),
    Sin("local_time", "silver", "test_webhook", "but was"),
    Sin("local_time_sent", "bronze", "test_send", "holds the host's local time"),
    Sin(
        "compares_elsewhere",
        "silver",
        "test_a_forged",
        "the signature in x-acme-signature is compared with ==",
    ),
    Sin(
        "compares_in_list", "silver", "test_a_forged", "the signature in x-acme-signature is compared with =="
    ),
    Sin("compares_bytes", "silver", "test_a_forged", "the signature in x-acme-signature is compared with =="),
    Sin(
        "compares_operator",
        "silver",
        "test_a_forged",
        "the signature in x-acme-signature is compared with ==",
    ),
    Sin("compares_letters", "silver", "test_a_forged", "with the order of x-acme-signature changed"),
    Sin("compares_sixty", "silver", "test_a_forged", "with the last letter of x-acme-signature changed"),
    Sin("compares_beginning", "silver", "test_a_forged", "with all behind it of x-acme-signature changed"),
    Sin("compares_text", "silver", "test_a_forged", "with a non-ASCII x-acme-signature: came to TypeError"),
    Sin("polls_in_local_time", "silver", "test_poll", "holds the host's local time"),
]
WEBHOOKS: list[Sin] = [
    Sin("starts_thread_in_webhook", "silver", "test_webhook", "parse_webhook started a thread"),
    Sin("starts_process_in_webhook", "silver", "test_webhook", "parse_webhook started a process"),
    Sin("selects_in_webhook", "silver", "test_webhook", "parse_webhook waited 0.5 s"),
    Sin("queue_in_webhook", "silver", "test_webhook", "parse_webhook waited 0.5 s"),
    Sin("looks_up_in_webhook", "silver", "test_webhook", "a name of the real network was looked up"),
    Sin("swallows_in_webhook", "silver", "test_a_bug_in_a_webhook", "which the vendor takes for received"),
    Sin("acknowledges_first", "silver", "test_webhook", "but was"),
]
LIFE = [
    Sin(
        "log_in_constructor", "bronze", "test_nothing_is_told", "a secret of the settings (in the constructor"
    ),
    Sin("log_in_close", "bronze", "test_nothing_is_told", "a full phone number (in close"),
    Sin("log_in_event", "bronze", "test_nothing_is_told", "the text of a message (in on_event"),
    Sin("log_in_identity", "bronze", "test_nothing_is_told", "(while it was asked in passing"),
    Sin("calls_in_limits", "bronze", "test_nothing_is_told", "in passing the vendor was called"),
    Sin("log_reply", "silver", "test_webhook", "the log shows the text of a message"),
    Sin("log_polled_reply", "silver", "test_poll", "the log shows the text of a message"),
    Sin("quotes_page", "bronze", "test_a_broken_answer", "a page that came instead of the answer is quoted"),
    Sin("quotes_page_log", "bronze", "test_a_broken_answer", "the log shows a secret of the settings"),
    Sin("quotes_sentence", "bronze", "test_a_vendors_sentence", "an exception shows a full phone number"),
    Sin("writes_file", "bronze", "test_send", "a file (acme-sent.txt) shows a full phone number"),
    Sin("writes_file_below", "bronze", "test_send", "a file (acme-sent.bin) shows the text"),
    Sin(
        "writes_file_at_close", "bronze", "test_nothing_is_told", "a file (acme-kept.txt) shows a full phone"
    ),
    Sin("names_file", "bronze", "test_send", "the name of a file shows a full phone number"),
    Sin("keeps_database", "bronze", "test_send", "a file (acme-sent.db) shows a full phone number"),
    Sin("metric_label", "bronze", "test_send", "a label of a metric shows a full phone number"),
    Sin("thread_name", "bronze", "test_send", "the name of a thread shows a full phone number"),
    Sin("renames_thread", "bronze", "test_send", "the name of a thread shows a full phone number"),
    Sin("process_arguments", "bronze", "test_send", "the command line of a process shows a secret"),
    Sin("system_log", "bronze", "test_send", "the log of the system shows a full phone number"),
    Sin("warns_number", "bronze", "test_send", "a warning shows a full phone number"),
    Sin("counts_over_datagram", "bronze", "test_send", "a datagram shows a full phone number"),
    Sin("local_socket", "bronze", "test_send", "a socket of this host was used"),
]
PROCESS = [
    Sin("sets_locale", "bronze", "test_send", "the locale was changed"),
    Sin("seeds_random", "bronze", "test_send", "random numbers were seeded"),
    Sin("sets_up_logging", "bronze", "test_send", "logging was set up for the whole process"),
    Sin("silences_logging", "bronze", "test_send", "the logging of everybody (logging.disable) was changed"),
    Sin("log_level_of_root", "bronze", "test_send", "the logging of bridge was changed"),
    Sin("silences_warnings", "bronze", "test_send", "the filtering of warnings was changed"),
    Sin("handles_signals", "bronze", "test_send", "the handling of signals was changed"),
    Sin("changes_folder", "bronze", "test_send", "the working directory was changed"),
    Sin("changes_recursion", "bronze", "test_send", "the depth of recursion was changed"),
    Sin("changes_path", "bronze", "test_send", "the module search path (sys.path) was changed"),
    Sin("patches_requests", "bronze", "test_send", "requests.sessions.Session.prepare_request was replaced"),
    Sin(
        "patches_urllib3", "bronze", "test_send", "urllib3.util.retry.Retry.DEFAULT_BACKOFF_MAX was replaced"
    ),
    Sin("patches_json", "bronze", "test_send", "json.dumps was replaced"),
    Sin("rounds_decimals", "bronze", "test_send", "the precision of decimals was changed"),
    Sin("installs_opener", "bronze", "test_send", "an opener was installed for the whole process"),
    Sin(
        "environment_proxy_at_import",
        "bronze",
        "test_nothing_is_told",
        "HTTPS_PROXY of the environment was read",
    ),
    Sin("key_of_environment", "bronze", "test_send", "ACME_KEY of the environment was read"),
    Sin("reads_netrc", "bronze", "test_send", "a .netrc was opened"),
    Sin("plain_api_key", "bronze", "test_wrong_settings", "SinSettings.api_key must be a SecretStr"),
    Sin("plain_access_key", "bronze", "test_wrong_settings", "SinSettings.accessKey must be a SecretStr"),
]
PEERS = [
    Sin(
        "tls_default_context",
        "bronze",
        "test_nothing_is_sent_to_a_stranger",
        "certificate nobody vouches for",
    ),
    Sin(
        "tls_by_another_name",
        "bronze",
        "test_nothing_is_sent_to_a_stranger",
        "certificate nobody vouches for",
    ),
    Sin(
        "tls_fingerprint_later",
        "bronze",
        "test_nothing_is_sent_to_a_stranger",
        "certificate nobody vouches for",
    ),
    Sin(
        "aiohttp_unverified", "bronze", "test_nothing_is_sent_to_a_stranger", "certificate nobody vouches for"
    ),
    Sin(
        "urllib3_unverified", "bronze", "test_nothing_is_sent_to_a_stranger", "certificate nobody vouches for"
    ),
    Sin("aiohttp_without_end", "bronze", "test_an_answer_that_trickles", "give the whole exchange an end"),
    Sin("curl_insecure", "bronze", "test_nothing_is_sent_to_a_stranger", "certificate nobody vouches for"),
    Sin("checks_user_agent", "silver", "test_a_forged", "depends on no secret of the settings"),
    Sin("checks_constant_token", "silver", "test_a_forged", "depends on no secret of the settings"),
    Sin("checks_presence", "silver", "test_a_forged", "with another x-acme-signature: came to"),
    Sin("checks_plain_digest", "silver", "test_a_forged", "depends on no secret of the settings"),
    Sin("urllib_without_end", "bronze", "test_an_answer_that_trickles", "give the whole exchange an end"),
    Sin("reference_of_thread", "bronze", "test_references", "body.ref is the same for two different sends"),
    Sin("reference_of_process", "bronze", "test_references", "body.ref is the same for two different sends"),
    Sin("reference_in_a_circle", "bronze", "test_references", "body.ref is the same for two different sends"),
    Sin("reference_of_second", "bronze", "test_references", "body.ref is "),
    Sin("reference_cut", "bronze", "test_references", "body.ref is a part of the batch's reference"),
    Sin("blocks_all_accounts", "silver", "test_two_accounts", "after another account was refused"),
]
AGAIN = [
    Sin("environment_for_a_moment", "bronze", "test_send", "the environment of the process shows a full"),
    Sin("sorts_out_webhooks", "silver", "test_a_webhook_that_comes_again", "does not sort out repeats"),
    Sin("keeps_cursor", "silver", "test_a_page_is_asked", "take it from `window`"),
    Sin("believes_it_has_sent", "bronze", "test_what_was_refused", "asked again after 1 refusals"),
    Sin("rests_by_itself", "bronze", "test_what_was_refused", "asked again after 3 refusals"),
    Sin("cuts_values", "bronze", "test_values_arrive", "the value '0123456789"),
    Sin("writes_json_by_hand", "bronze", "test_values_arrive", "did not arrive whole"),
    Sin("behaves_when_tested", "bronze", "test_the_source", "looks whether it is tested ('pytest')"),
    Sin("behaves_when_watched", "bronze", "test_the_source", "looks whether it is tested ('PYTEST_CURRENT"),
    Sin("evaluates_answers", "bronze", "test_the_source", "runs text as code (eval)"),
    Sin("unpickles_webhooks", "bronze", "test_the_source", "makes objects of what it was sent"),
    Sin("gives_words_to_a_shell", "bronze", "test_the_source", "words are given to a shell (shell=True)"),
    Sin("threads_pile_up", "bronze", "test_references", "threads run that nobody ends"),
    Sin("plain_http", "bronze", "test_wrong_settings", "give an https address, or none"),
    Sin("sleeps_in_event", "bronze", "test_nothing_is_told", "in on_event it took"),
    Sin("sleeps_when_opened", "bronze", "test_nothing_is_told", "in the constructor it took 20 s"),
    Sin("tells_by_name", "bronze", "test_send", "a name of the real network was looked up"),
    Sin("tells_a_third_party", "bronze", "test_send", "the table has no such request"),
    Sin("writes_to_the_terminal", "bronze", "test_send", "the printed text shows a full phone number"),
    Sin("sends_in_background", "bronze", "test_send", "the request was never made"),
    Sin("key_in_health", "silver", "test_check_channel", "the answer shows a secret of the settings"),
    Sin("copies_to_another", "bronze", "test_send", "JSON body messages"),
    Sin("lazy_results", "bronze", "test_send", "send_batch returned a generator"),
]
ALL = [*CLIENTS, *MONEY, *SHARED, *LEAKS, *LIMITS, *FORGED, *WEBHOOKS, *LIFE, *PROCESS, *PEERS, *AGAIN]
