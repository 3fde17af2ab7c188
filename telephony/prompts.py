"""What the assistant says on the phone by itself; everything else is the dialogue's."""

from __future__ import annotations

from collections.abc import Mapping

HOTLINE = "九六三幺零城市管理热线"

HELLO = "您好，这里是{hotline}。"
HELLO_MISSED = "您好，这里是{hotline}，刚才没有接好您的电话，现在给您回电。"
HELLO_PROMISED = "您好，这里是{hotline}，您约的回电到了。"
HELLO_FOLLOW_UP = "您好，这里是{hotline}，回访您的工单，号码{number}。"
ASK_OPEN = "请直接说您要办的事。要真人，随时说人工，或者按零。"
ASK_RESUME = "上次您反映的事还没有说完。接着说请说继续；办别的事，请直接说。"
ASK_SOLVED = "问题解决了，请说解决了，或按一；没有解决，请说没解决，或按二。"

NOT_HEARD = "我没有听到声音。"
NOT_HEARD_SIMPLER = "还是没有声音。说话不方便，可以按键。"
NOT_HEARD_LAST = "一直没有听到您的声音，我请坐席来接。"
EMPTY_AGAIN = "这边一直没有听到声音，先挂断了。有事请再打来，遇到危险请拨打幺幺零、幺幺九或幺二零。"
INSULTED = "这样说话我帮不上忙，先挂断了。有事请再打来，遇到危险请拨打幺幺零、幺幺九或幺二零。"
NOT_CAUGHT = "刚才没有听清，请再说一遍。"
TOP_KEYS = "反映问题按一，查进度按二，问政策按三，找人工按零。"
TOP_CHOICES = (("反映问题", "我要反映问题"), ("查进度", "查进度"), ("问政策", "我想问个政策"))
SIMPLER: Mapping[str | None, str] = {
    "place": "请只说路名，或者小区名。",
    "time": "请只说时间，比如今天早上。记不清就说记不清。",
    "phone": "请用按键输入号码，不想留就说匿名。",
    "case_number": "请用按键输入工单号，没有就说取消。",
    "last_four": "请按电话的后四位，不听请说不用。",
    None: "请用一句话说，在哪儿，什么事。要真人请说人工，或按零。",
}
MISSED_LAST = "我请坐席来听，免得耽误您。"

CHECK_WORDS = "我听到的是，{text}。对请说对，或按一；不对请再说一遍。"
CHECK_NUMBER = "号码是，{digits}。对请说对，或按一；不对请重说。"
MORE_DIGITS = "{digits}，请接着说。"
BAD_NUMBER = "号码位数不对，请从头说一遍，或者用按键输入。"
SAY_AGAIN = "好的，请再说一遍。"

MORE = "要往下听请说继续，再听一遍请说重复，不听了请说结束。"
MORE_SHORT = "请说继续、重复，或者结束。"
ENOUGH = "好的。还有别的事，请直接说。"
ONE_MOMENT = "请稍等。"
STILL_THERE = "请再稍等一下。"
NOTHING_TO_REPEAT = "请直接说您要办的事。"

GOODBYE = "感谢来电，再见。"
GOODBYE_UNFINISHED = "这件事还没有登记完，我先替您留着，下次来电接着说。再见。"
RECORDING_OFF = "好的，已经停止录音。"

QUEUED = "正在请坐席来接，{place}{minutes}不想等，按一请坐席回拨，按星号回到助手。"
PLACE_NEXT = "您排在第一位。"
PLACE = "前面还有{ahead}位。"
MINUTES = "大约要等{minutes}分钟。"
JOINED_TYPING = "坐席{name}来了，请说。"
RETURNED = "坐席已经处理完，助手继续为您服务。请说。"

NOBODY: Mapping[str, str] = {
    "closed": "现在不是坐席的工作时间。",
    "busy": "坐席现在都在忙。",
    "refused": "坐席现在都在忙。",
    "no_answer": "坐席暂时没有接起来。",
    "failed": "电话暂时没有转成。",
}
OFFER = "要坐席给您回电，请说好，或按一；不用请说不用，或按二。"
OFFER_NUMBER = "回拨您来电的号码，{digits}。对请说对，或按一；要换号码，请直接说。"
ASK_NUMBER = "请说要回拨的号码，也可以用按键输入。"
ASK_TIME = "请说什么时间方便。越快越好，请说尽快，或按一。"
ASK_TIME_AGAIN = "请说一个时间，比如明天上午，或者说尽快。"
CHECK_CALL_BACK = "{when}回拨{digits}。对请说对，或按一；不对请说不对。"
BOOKED = "好的，已经约好，{when}给您回电。还有别的事，请直接说。"
NOT_BOOKED = "好的，助手继续为您服务。要办什么事，请直接说。"
IN_DANGER_NOBODY = "遇到危险，请先拨打幺幺零、幺幺九或幺二零。"

ASK_SATISFIED = "谢谢。对办理过程满意，请说满意，或按一；不满意，请说不满意，或按二。"
ASK_UNSOLVED = "很抱歉。请说说还有什么没有解决，我会记下来，转给承办单位。"
SURVEY_AGAIN = "请说解决了，或者没解决，也可以按一或按二。"
SATISFIED_AGAIN = "请说满意，或者不满意，也可以按一或按二。"
SURVEY_THANKS = "好的，都记下来了。感谢您，再见。"
