"""What a resident in danger is told at once.

Numbers: 110 police, 119 fire, 120 medical, 122 traffic accidents: 北京市接诉即办工作条例
第十一条 (2021). Conduct when gas is smelt, and the number on the card or the meter: 北京市燃气管理条例
第三十条第（八）项、第五十一条 (2020). Reviewed 2026-11-22.
"""

from __future__ import annotations

from bot.language.tongues import detect_language

_STAY = "我会把情况记下来，并提醒值班人员。"

EMERGENCY_ADVICE = {
    "fire": f"有火情，请先撤到安全的地方，马上拨打 119 火警电话。有人受伤拨打 120。{_STAY}",
    "gas": "可能是燃气泄漏：不要开关电器、不要点火、不要在屋里打电话。在家里的先关阀门、开窗，马上到闻不到气味的室外，"
    f"再拨打燃气卡或燃气表上的抢修电话，或拨打 119；有人不适拨打 120。{_STAY}",
    "medical": f"有人受伤或身体危急，请马上拨打 120 急救电话。{_STAY}",
    "police": f"请先保证自己的安全，马上拨打 110 报警电话。有人受伤拨打 120。{_STAY}",
    "collapse": f"有坍塌危险，请马上离开并提醒旁人，拨打 119 或 110。有人受伤拨打 120。{_STAY}",
    "electric": "有触电危险，请远离电线和积水，不要用手去碰，提醒旁人绕行，拨打 110；"
    f"有人触电拨打 120。{_STAY}",
    "rescue": f"有人遇险：受伤的请马上拨打 120，被困、落水的拨打 119 或 110。请先保证自己的安全。{_STAY}",
    "traffic": f"请先撤到安全的地方，交通事故拨打 122，有人受伤拨打 120。{_STAY}",
    "self_harm": "您的安全最要紧。请马上拨打 110 或 120，也请告诉身边的人陪着您。"
    "您也可以回复“人工”，值班人员来陪您说。",
}

_LOGGED = "I am writing this down and alerting the staff on duty."
_IN_ENGLISH = {
    "fire": f"Fire: get to a safe place first, then call 119 at once. Hurt: call 120. {_LOGGED}",
    "gas": "This may be a gas leak: touch no switch, make no flame, do not phone indoors. Close the "
    "valve, open the windows, go outside at once, then call the repair number on your gas card or "
    f"meter, or 119. Unwell: call 120. {_LOGGED}",
    "medical": f"Somebody is hurt or in danger of life: call 120 now. {_LOGGED}",
    "police": f"Keep yourself safe first, then call the police on 110. Hurt: call 120. {_LOGGED}",
    "collapse": f"It may come down: leave at once, warn others, call 119 or 110. {_LOGGED}",
    "electric": "Danger of electric shock: keep away from the wire and from water, touch nothing, "
    f"warn others, call 110. Somebody struck: call 120. {_LOGGED}",
    "rescue": f"Call 119 or 110 now; hurt: 120. Keep yourself safe. {_LOGGED}",
    "traffic": f"Get to a safe place first. Traffic accident: call 122; hurt: 120. {_LOGGED}",
    "self_harm": "Your safety comes first. Please call 110 or 120 now, and tell somebody near you to "
    "stay with you. Reply “agent” and a person on duty will talk with you.",
}
STAY_WITH_US = "您的话值班人员都能看到，会尽快来陪您说。请先拨打 110，也请告诉身边的人陪着您。"
"""To every message of somebody who wants to die and waits for a person."""


def advise(danger: str, text: str) -> str:
    """What to do in a danger (a key of EMERGENCY_ADVICE): in Chinese, and in English before it for
    who writes in a foreign language.
    """
    advice = EMERGENCY_ADVICE[danger]
    return advice if detect_language(text) is None else f"{_IN_ENGLISH[danger]}\n{advice}"
