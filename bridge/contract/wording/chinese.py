"""The sentences that marketers read, in simplified Chinese; `routes_in_chinese` has those of operators."""

from . import routes_in_chinese

_ANSWERS = {
    # Who asks, and where.
    "There is no channel of this name: check the URL typed into Quick Audience.": (
        "没有这个名称的通道：请检查在 Quick Audience 中填写的 URL。"
    ),
    "The URL names no channel and there is no default channel.": "URL 中没有通道名称，也没有默认通道。",
    "There is no such operation: check the URL and the method.": "没有这个接口：请检查 URL 和请求方法。",
    "The caller's address is not known.": "无法得知调用方的地址。",
    "The caller's address is not allowed.": "不允许调用方的地址访问。",
    "The request is not signed: the header %(header)s is missing or empty.": (
        "请求没有签名：请求头 %(header)s 缺失或为空。"
    ),
    "The signature is wrong: check that both sides use the same key.": (
        "请求签名错误：请确认双方使用相同的密钥。"
    ),
    "The signature was made for a callback of the bridge: it opens nothing here.": (
        "该请求签名属于本平台的回调，不能用于请求。"
    ),
    "The signature was used for another request before.": "该请求签名已被另一个请求使用过。",
    "The URL parameter %(name)s is missing.": "缺少 URL 参数 %(name)s。",
    "The URL parameter %(name)s is given more than once.": "URL 参数 %(name)s 出现了多次。",
    "The URL parameter %(name)s %(rule)s.": "URL 参数 %(name)s %(rule)s。",
    "The timestamp is too %(side)s: at most %(seconds)s seconds of difference are allowed.": (
        "时间戳%(side)s：最多允许相差 %(seconds)s 秒。"
    ),
    "The same request is being served; ask again in a minute.": "相同的请求正在处理；请一分钟后再试。",
    "The SMS platform has an internal error. Its log explains request %(request)s.": (
        "短信平台发生内部错误。其日志中有请求 %(request)s 的说明。"
    ),
    # What the body holds.
    "The request is larger than %(bytes)s bytes: send the recipients in several requests.": (
        "请求超过 %(bytes)s 字节：请把收件人分成多个请求发送。"
    ),
    "The body of the request is incomplete.": "请求体不完整。",
    "The request has no body: a JSON object is expected.": "请求没有内容：应为 JSON 对象。",
    "The body of the request is not JSON (%(rest)s).": "请求体不是 JSON（%(rest)s）。",
    "The body of the request must be a JSON object.": "请求体必须是 JSON 对象。",
    "%(field)s holds the values of %(count)s recipients, but %(phones)s holds %(numbers)s numbers.": (
        "%(field)s 含有 %(count)s 个收件人的变量值，而 %(phones)s 含有 %(numbers)s 个号码。"
    ),
    "%(field)s and %(other)s may be at most %(days)s days apart.": (
        "%(field)s 与 %(other)s 最多相隔 %(days)s 天。"
    ),
    "The file's address is not a URL.": "文件地址不是 URL。",
    "The file's address is not an https URL.": "文件地址不是 https 的 URL。",
    "The file's address holds a blank, a backslash or a control character.": (
        "文件地址中有空格、反斜杠或控制字符。"
    ),
    "The file's address carries a user name.": "文件地址中带有用户名。",
    "The file's host is neither a name nor an address in its usual form.": (
        "文件的主机既不是域名，也不是通常写法的 IP 地址。"
    ),
    "The file's host is not on the list of allowed hosts.": "文件的主机不在允许的主机之列。",
    # Templates and signatures.
    "There is no %(kind)s template with this code on this platform.": "本平台没有此代码的%(kind)s模板。",
    "This platform cannot send %(kind)s messages.": "本平台不能发送%(kind)s。",
    "The vendor cannot change templates; create a new one.": "供应商不支持修改模板；请新建一个。",
    "The vendor did not delete the template; try again later.": "供应商没有删除该模板；请稍后再试。",
    "The template is at another vendor account than this platform uses now, or at none; it is handed in here "
    "within minutes, and at once when you change it.": (
        "模板在另一个本平台现已不用的供应商账户中，或不在任何账户中；几分钟内会在这里提交，修改模板则立即提交。"
    ),
    "The template is still under review.": "模板仍在审核中。",
    "The template was rejected; change it and wait for its review.": "模板未通过审核；请修改后等待审核。",
    "The vendor's code of this template is not known yet: its operator gives it.": (
        "该模板的供应商代码尚不知道：由操作员填写。"
    ),
    "The signature is not known to this platform.": "本平台没有这个签名。",
    "The signature is not approved on this platform.": "该签名在本平台未通过审核。",
    "No review comments": "无审核备注",
    "Pending review": "审核中",
    "Rejected": "未通过审核",
    "The reviewer gave no reason.": "审核方没有说明原因。",
    # Sends.
    "The request lists %(count)s numbers; send at most %(most)s at once.": (
        "请求列出了 %(count)s 个号码；一次最多发送 %(most)s 个。"
    ),
    "This campaign was cancelled on this platform; nothing more of it is sent.": (
        "该营销活动已在本平台取消，不再发送。"
    ),
    "%(count)s messages are waiting on this platform already; send again later.": (
        "本平台已有 %(count)s 条消息在等待；请稍后再发送。"
    ),
}
_RECEIPTS = {
    "The campaign was cancelled before the message was handed to the vendor.": (
        "消息提交给供应商之前，营销活动已取消。"
    ),
    "The recipient's carrier did not approve this template.": "收件人的运营商未通过此模板。",
    "The recipient was sent as many messages as the channel allows.": (
        "收件人收到的消息已达到通道允许的数量。"
    ),
    "The recipient was sent %(count)s messages in the last %(hours)s hours; the channel allows %(most)s.": (
        "收件人在最近 %(hours)s 小时内已收到 %(count)s 条消息；通道允许 %(most)s 条。"
    ),
    "The number cannot be sent to.": "无法向此号码发送。",
    "The number is not an 11-digit mainland mobile number.": "号码不是 11 位的中国内地手机号。",
    "The number is not a country code followed by a number.": "号码不是“国家码加号码”的形式。",
    "The number does not exist in the numbering plan of its country.": "该国家的编号方案中没有此号码。",
    "A value holds characters that cannot be sent.": "变量值含有不能发送的字符。",
    "The send was limited to fewer recipients than it listed.": "发送请求限制的收件人数少于其列出的人数。",
    "The recipient has no value for a variable of the template.": "收件人缺少模板变量的值。",
    "The recipient has no value for the variable %(name)s.": "收件人缺少变量 %(name)s 的值。",
    "The message could not be sent in time.": "消息未能及时发送。",
    "The vendor took the message but never reported what became of it.": (
        "供应商接收了消息，但始终没有报告结果。"
    ),
    "It is not known whether the vendor took the message; it was not sent again.": (
        "不知道供应商是否接收了消息；没有重发。"
    ),
    "Messages of this kind are not sent at this hour.": "此时段不发送这类消息。",
    "The recipient has opted out or is on the suppression list.": "收件人已退订或在黑名单中。",
    "The vendor refused the message.": "供应商拒绝了消息。",
    "The vendor gave no reason.": "供应商没有说明原因。",
    "The message was not delivered (%(code)s).": "消息未送达（%(code)s）。",
    "The line of the file is not a number followed by a JSON object.": (
        "文件中的这一行不是“号码加 JSON 对象”。"
    ),
    "The line of the file has other digits beside its number.": "文件中的这一行除号码外还有其他数字。",
    "The line of the file is longer than %(bytes)s bytes.": "文件中的这一行超过 %(bytes)s 字节。",
    "The line of the file is not text in the file's encoding (UTF-8 or GB18030).": (
        "文件中的这一行不符合文件的编码（UTF-8 或 GB18030）。"
    ),
    "The line of the file is UTF-8, other lines are GB18030: save the file in one encoding.": (
        "文件中的这一行是 UTF-8，其他行是 GB18030：请用同一种编码保存文件。"
    ),
}
_CODES = {
    "The carrier reported the code %(code)s.": "运营商报告了代码 %(code)s。",
    "The message failed and no code says why.": "消息失败，没有代码说明原因。",
    "China Telecom's gateway reported an error.": "中国电信网关报告错误。",
    "The carrier has not reported a final state yet.": "运营商尚未报告最终状态。",
    "The carrier refused the message.": "运营商拒绝了消息。",
    "The carrier's content or spam filter stopped the message.": "运营商的内容或垃圾短信过滤拦截了消息。",
    "The carrier's network was congested.": "运营商网络拥塞。",
    "The carrier's own systems (charging, gateways, message centre) did not take the message.": (
        "运营商自身的系统（计费、网关、短信中心）未接收消息。"
    ),
    "The message does not end with the wording to unsubscribe.": "消息末尾缺少退订用语。",
    "The message reached the handset.": "消息已到达手机。",
    "The number does not exist, is suspended or its phone is off.": "号码不存在、已停机或手机已关机。",
    "The number does not exist.": "号码不存在。",
    "The number is not valid.": "号码无效。",
    "The number was ported to another carrier.": "号码已携号转网。",
    "The phone was off or out of coverage for too long.": "手机关机或不在服务区的时间过长。",
    "The phone was switched off or out of coverage.": "手机关机或不在服务区。",
    "The province's carrier blocked the message or the number does not exist.": (
        "省运营商拦截了消息，或号码不存在。"
    ),
    "The recipient has opted out.": "收件人已退订。",
    "The recipient is on a block list or has unsubscribed.": "收件人在黑名单中或已退订。",
    "The recipient is on the vendor's block list.": "收件人在供应商的黑名单中。",
    "The recipient was sent too many messages.": "收件人收到的消息过多。",
    "The recipient's account is suspended or in arrears.": "收件人的账户已停机或欠费。",
    "The recipient's service is suspended.": "收件人的服务已暂停。",
    "The signature is not filed with the carrier.": "签名未在运营商处报备。",
    "The state of the recipient's subscription prevents delivery.": "收件人的业务状态使消息无法送达。",
    "The template is not filed with the carrier.": "模板未在运营商处报备。",
    "The vendor does not deliver such messages at this hour.": "供应商在此时段不投递这类消息。",
}
_CALLS = {
    # What a call to the vendor came to.
    "The vendor did not answer the connection in time.": "供应商没有及时接受连接。",
    "The vendor's address is not a URL.": "供应商的地址不是 URL。",
    "The vendor's answer does not end.": "供应商的应答没有结束。",
    "The vendor did not answer in time.": "供应商没有及时应答。",
    "Earlier calls to this vendor have not come back: ask again in a minute.": (
        "先前对该供应商的调用尚未返回：请一分钟后再试。"
    ),
    "The connection to the vendor broke before its answer.": "与供应商的连接在其应答之前中断。",
    "The vendor's address lies in a private network.": "供应商的地址位于内网。",
    "The vendor's host name is not known.": "无法解析供应商的主机名。",
    "The vendor refused the connection.": "供应商拒绝了连接。",
    "The vendor's certificate is not valid.": "供应商的证书无效。",
    "The vendor's answer is not JSON.": "供应商的应答不是 JSON。",
    "The vendor asked to slow down.": "供应商要求放慢速度。",
    "The vendor refused the credentials.": "供应商拒绝了访问凭证。",
    "The vendor refused the request.": "供应商拒绝了请求。",
    "The vendor answered with an error of its own.": "供应商应答称其自身出错。",
    # What an operator gives as the reason who gives none.
    "Asked to be forgotten.": "本人要求被遗忘。",
    "Cancelled by an operator.": "由操作员取消。",
    "Paused by an operator.": "由操作员暂停。",
    # Why an account does not take a message now.
    "The channel is paused: %(rest)s": "通道已暂停：%(rest)s",
    "It has no room now: %(rest)s": "现在没有余量：%(rest)s",
    "It is paused: %(rest)s": "已暂停：%(rest)s",
    "Its calls fail: %(rest)s": "对它的调用失败：%(rest)s",
    "The vendor asked to send slower.": "供应商要求放慢发送。",
    "Its calls have no answer yet.": "对它的调用尚无应答。",
    "Nothing was wrong for 15 minutes.": "15 分钟内没有异常。",
    "The account %(account)s is not well.": "账户 %(account)s 状况不佳。",
    "It cannot send %(kind)s messages.": "它不能发送%(kind)s。",
    "It is being tried: no call has worked since it was stopped.": "正在试用：停用后还没有一次调用成功。",
    "is tried with one batch: no call has worked since it was stopped": (
        "用一个批次试用：停用后还没有一次调用成功"
    ),
    "The recipient's carrier did not approve the template there.": "收件人的运营商没有在那里通过该模板。",
    # What became of the file of a campaign.
    "The file's host could not be reached (%(code)s).": "无法连接文件的主机（%(code)s）。",
    "The file's address redirects too often.": "文件地址的重定向次数过多。",
    "The file's host answered with status %(status)s.": "文件的主机应答了状态 %(status)s。",
    "The file is larger than %(bytes)s bytes.": "文件超过 %(bytes)s 字节。",
    "The download broke off.": "下载中断。",
}
PIECES = {
    "must be the time in seconds (10 digits)": "必须是以秒为单位的时间戳（10 位数字）",
    "must be 8 to 64 letters, digits, hyphens or underscores": "必须是 8 至 64 位字母、数字、连字符或下划线",
    "old": "过旧",
    "far in the future": "超前过多",
    "it is nested too deeply": "嵌套过深",
    "it is not in UTF-8": "不是 UTF-8 编码",
    "%(name)s is not a value": "%(name)s 不是合法的值",
    "line %(line)s, column %(column)s": "第 %(line)s 行第 %(column)s 列",
    "this field is required.": "该字段必填。",
    "a text is expected, not a list or an object.": "应为文本，而不是列表或对象。",
    "at most %(most)s characters are allowed, this has %(count)s.": (
        "最多 %(most)s 个字符，实际为 %(count)s 个。"
    ),
    "a whole number is expected.": "应为整数。",
    "the number must be 0 %(rest)s.": "数值必须为 0 %(rest)s。",
    "or more": "或更大",
    "and at most %(most)s": "至 %(most)s",
    "a date like 2024-01-31 08:00:00 is expected.": "应为 2024-01-31 08:00:00 这样的日期。",
    "the text is not a valid JSON list (%(rest)s).": "该文本不是合法的 JSON 列表（%(rest)s）。",
    "a list of parts is expected.": "应为由各部分组成的列表。",
    "part %(place)s is not an object.": "第 %(place)s 部分不是对象。",
    "part %(place)s, %(rest)s": "第 %(place)s 部分，%(rest)s",
    "this is no file extension.": "这不是文件扩展名。",
    "the address of a file is expected.": "应为文件的地址。",
    "character %(place)s: `%(shown)s` is no placeholder: write ${name}.": (
        "第 %(place)s 个字符：`%(shown)s` 不是占位符，请写成 ${name}。"
    ),
    "a list of phone numbers is expected.": "应为电话号码列表。",
    "entry %(place)s of the list is not a phone number.": "列表的第 %(place)s 项不是电话号码。",
    "a list of objects is expected, one for each phone number.": "应为对象列表，每个号码对应一个对象。",
    "entry %(place)s of the list is not an object.": "列表的第 %(place)s 项不是对象。",
    "entry %(place)s of the list: a value is a list or an object.": (
        "列表的第 %(place)s 项：有一个值是列表或对象。"
    ),
    "the brackets hold no name.": "括号中没有名称。",
    "the end lies before %(field)s.": "结束时间早于 %(field)s。",
    "there is none of this name.": "没有这个名称。",
    "text": "文本短信",
    "digital": "数字短信",
}
"""What stands within a sentence, or behind the name of a field."""
SENTENCES = {**_ANSWERS, **_RECEIPTS, **_CODES, **_CALLS, **routes_in_chinese.SENTENCES}
PIECES |= routes_in_chinese.PIECES
"""Each sentence as the bridge writes it, "%(name)s" where a value stands, and its translation."""
