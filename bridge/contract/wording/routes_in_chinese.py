"""What operators read of accounts in simplified Chinese: which takes a message, and why others do not."""

_TRIAL = "one message at first: no call has worked since it was stopped"
_TRIAL_SAID = "先只试一条：自停用以来没有一次调用成功"
_TURNS = {
    "takes it": "由它发送",
    "takes it with %(number)s of 100 sends": "由它发送，每 100 个发送请求中占 %(number)s 个",
    "takes it if %(name)s does not": "%(name)s 不发送时由它发送",
}
_REVIEWS = {"pending": "待审核", "rejected": "未通过审核", "partial": "只有部分运营商通过审核"}

SENTENCES = {
    **{turn: said for turn, said in _TURNS.items() if "%" in turn},
    **{f"{turn}, later: %(rest)s": f"{said}，但须稍后：%(rest)s" for turn, said in _TURNS.items()},
    **{f"{turn}, {_TRIAL}": f"{said}，{_TRIAL_SAID}" for turn, said in _TURNS.items()},
    "is tried with one batch: no call has worked since it was stopped": (
        "用一个批次试发：自停用以来没有一次调用成功"
    ),
    "It is being tried: no call has worked since it was stopped.": "正在试发：自停用以来没有一次调用成功。",
    "It has no room now: %(rest)s": "目前没有余量：%(rest)s",
    "It cannot send %(kind)s messages.": "它不能发送%(kind)s。",
    "The channel is paused: %(rest)s": "通道已暂停：%(rest)s",
    "It is paused: %(rest)s": "它已暂停：%(rest)s",
    "Its calls fail: %(rest)s": "对它的调用失败：%(rest)s",
    "The recipient's carrier did not approve the template there.": "收件人的运营商未在该处批准此模板。",
    "It has not got the template with the content of this send.": "它没有与此次发送内容一致的模板。",
    "The template is not filed there yet: it is handed in within a minute.": (
        "模板尚未在该处报备：一分钟内会提交。"
    ),
    "The template was not approved there.": "模板在该处未获批准。",
    **{f"The template is {word} there.": f"模板在该处{said}。" for word, said in _REVIEWS.items()},
    **{
        f"The template is {word} there. %(rest)s": f"模板在该处{said}：%(rest)s"
        for word, said in _REVIEWS.items()
    },
    **{f"The signature is {word} there.": f"签名在该处{said}。" for word, said in _REVIEWS.items()},
    **{
        f"The signature is {word} there. %(rest)s": f"签名在该处{said}：%(rest)s"
        for word, said in _REVIEWS.items()
    },
    "The template is filed at another vendor account.": "模板是在另一个供应商账户报备的。",
    "It was not asked about the signature yet.": "尚未向它查询此签名。",
    "The vendor asked to send slower.": "供应商要求降低发送速度。",
    "Its calls have no answer yet.": "对它的调用尚无应答。",
    # Why a weight was changed, as the audit has it.
    "%(refused)s of %(tried)s messages were refused.": "%(tried)s 条消息中有 %(refused)s 条被拒绝。",
    "%(throttled)s of %(tried)s messages were throttled.": "%(tried)s 条消息中有 %(throttled)s 条被限流。",
    "%(slow)s of %(timed)s messages were slower than its week's p90.": (
        "%(timed)s 条消息中有 %(slow)s 条慢于其一周的 p90。"
    ),
    "The account %(name)s is not well.": "账户 %(name)s 状况不佳。",
    "Nothing was wrong for 15 minutes.": "15 分钟内没有异常。",
}
PIECES = {"%(count)s messages a second": "每秒 %(count)s 条消息"}
