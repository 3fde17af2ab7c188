"""What may hurt whoever passes is graded 紧急."""

from __future__ import annotations

import pytest

from cases.hazards import is_hazard


@pytest.mark.parametrize(
    "told",
    [
        "知春路48号门口井盖丢了",
        "马路中间没了个井盖，晚上看不见",
        "雨水箅子被偷了",
        "小区门口路面塌了个大坑",
        "电线耷拉到地上了",
        "店招快掉下来了",
        "一棵大树要倒了",
        "检查井敞着口没人管",
        "孩子在井边上玩，井盖是开着的",
        "马葫芦盖子整没了，可吓人了",
        "水漫到膝盖了，桥底下好几辆车熄火了",
        "没下水井盖的这个坑小孩容易掉进去",
        "地库老有股汽油味，早上闻得头晕",
    ],
)
def test_a_trap_is_seen(told: str) -> None:
    assert is_hazard(told)


@pytest.mark.parametrize(
    "told",
    [
        "井盖一压就响，吵得睡不着",
        "路面翻新以后井盖高出来一块",
        "井盖没丢，就是松了",
        "路面塌陷已经修好了，就是围挡没撤",
        "广告牌太亮，晃眼睛",
        "树枝挡住了路灯",
        "路灯坏了三天了",
    ],
)
def test_what_only_annoys_is_none(told: str) -> None:
    assert not is_hazard(told)
