"""Places: the whole phrase, nothing before or after it, and the codes it stands for."""

from __future__ import annotations

import pytest

from bot.language.place_units import UnitFinder
from bot.language.places import add_apart, add_facilities, trim_spans
from tests.unit.readers import gazetteer, read_locations, segmenter


def spans(text: str) -> list[str]:
    return [place.text for place in read_locations(text)]


@pytest.mark.parametrize(
    ("said", "place"),
    [
        ("昨天在海淀区中关村大街27号门口有人露天烧烤", "海淀区中关村大街27号门口"),
        ("我住幸福里小区3号楼2单元501，楼道堆满东西", "幸福里小区3号楼2单元501"),
        ("反映朝阳区望京西园四区门口有人摆摊", "朝阳区望京西园四区门口"),
        ("朝阳路边停车很乱", "朝阳路边"),
        ("在万科金域蓝湾二期地下车库充电", "万科金域蓝湾二期地下车库"),
        ("马家堡西路36号院太吵", "马家堡西路36号院"),
        ("劲松五区南门有早点摊", "劲松五区南门"),
        ("北京市西城区什刹海街道烟袋斜街10号", "北京市西城区什刹海街道烟袋斜街10号"),
        ("沙河高教园站往北两百米路东有黑车", "沙河高教园站往北两百米路东"),
        ("劲松地铁站B口出来的胡同", "劲松地铁站B口"),
        ("家住曙光路阳光花园", "曙光路阳光花园"),
        ("幸福路十字路口西北角有一个大坑", "幸福路十字路口西北角"),
        ("丰台角门东里小区3号楼下", "丰台角门东里小区3号楼下"),
        ("五一路3号门口", "五一路3号门口"),
        ("人民医院对面", "人民医院对面"),
        ("我在三号楼二单元五零一", "三号楼二单元五零一"),
        ("永辉超市旁边有人算命", "永辉超市旁边"),
        ("昌平区北七家镇八仙庄村委会门口", "昌平区北七家镇八仙庄村委会门口"),
        ("安贞桥下有人洗车", "安贞桥下"),
        ("方家胡同口有人卖菜", "方家胡同口"),
        ("密云鼓楼东大街路北", "密云鼓楼东大街路北"),
        ("海淀区政府旁边", "海淀区政府旁边"),
        ("灯坏了，西四北六条", "西四北六条"),
        ("分钟寺桥底下有人住", "分钟寺桥底下"),
    ],
)
def test_the_span_is_the_whole_phrase_and_no_more(said: str, place: str) -> None:
    assert spans(said) == [place]


@pytest.mark.parametrize(
    ("said", "place"),
    [
        ("A市A3区滨江海棠湾5栋楼下太吵", "A市A3区滨江海棠湾5栋楼下"),
        ("A7县星沙街道凉塘路社区", "A7县星沙街道凉塘路社区"),
        ("xx县xx镇xx村的河道", "xx县xx镇xx村"),
        ("某某路某小区", "某某路某小区"),
        ("长沙市岳麓区梅溪湖步步高广场", "长沙市岳麓区梅溪湖步步高广场"),
        ("K3县第二中学对面", "K3县第二中学对面"),
    ],
)
def test_other_cities_and_hidden_names(said: str, place: str) -> None:
    assert spans(said) == [place]


@pytest.mark.parametrize(
    ("said", "crossing"),
    [
        ("举报建设北路与芙蓉路交叉口占道经营", "建设北路与芙蓉路交叉口"),
        ("三里河路和月坛北街路口", "三里河路和月坛北街路口"),
        ("从苏州街到丹棱街之间没有路灯", "苏州街到丹棱街之间"),
    ],
)
def test_two_roads_of_a_crossing_are_one_place(said: str, crossing: str) -> None:
    (place,) = read_locations(said)
    assert place.text == crossing
    assert "路" in str(place.data["road"]) or "街" in str(place.data["road"])


def test_several_places_in_one_message() -> None:
    assert spans("人民路、解放路、五一路占道严重") == ["人民路", "解放路", "五一路"]
    assert spans("望京和酒仙桥都有") == ["望京", "酒仙桥"]


@pytest.mark.parametrize(
    "said",
    [
        "我要投诉小区物业", "我们小区楼下烧烤", "老旧小区改造", "村里道路没有路灯", "该小区的居民",
        "北京", "城管局什么时候上班", "人行道上停车", "公共停车场收费", "小区垃圾站很臭", "东路西街",
        "麻烦来贴条", "灯和路都得修", "水流一街", "过街天桥", "我找过社区", "主管公园的同志", "过大马路", "车堆里",
        "垃圾分类怎么分", "请问暂住证怎么办", "附近学校", "这家烧烤店太吵", "前进", "",
    ],
)  # fmt: skip
def test_leaves_what_names_no_place(said: str) -> None:
    assert spans(said) == []


@pytest.mark.parametrize("name", ["良乡", "旧宫", "四惠"])
def test_a_name_of_the_city_is_a_place_though_no_word_says_so(name: str) -> None:
    assert spans(f"{name}哪里有大点的菜市场") == [name]


@pytest.mark.parametrize(
    "said", ["前门上车后门下", "小区里跟动物园似的", "院里的果园没人管", "他家就三间房"]
)
def test_a_name_that_is_an_everyday_word_needs_more(said: str) -> None:
    assert spans(said) == []


@pytest.mark.parametrize(
    ("text", "span", "place"),
    [
        ("东坝中街幼儿园门口积水", (0, 4), "东坝中街幼儿园门口"),
        ("蓝靛厂便民市场停业了", (0, 3), "蓝靛厂便民市场"),
        ("苹果园南路附近菜市场几点开", (0, 7), "苹果园南路附近"),
        ("四惠有人摆摊", (0, 2), "四惠"),
    ],
)
def test_a_place_takes_the_facility_called_by_it(
    text: str, span: tuple[int, int], place: str
) -> None:
    ((start, end),) = add_facilities(text, [span], ())
    assert text[start:end] == place


@pytest.mark.parametrize(
    ("text", "span", "place"),
    [
        ("快快快莲花桥底下有人", (0, 8), "莲花桥底下"),
        ("去四惠那边", (0, 3), "四惠"),
        ("和平里北街", (0, 5), "和平里北街"),
        ("那个院子里", (0, 5), "那个院子里"),
    ],
)
def test_what_the_sentence_has_before_a_place_is_none_of_it(
    text: str, span: tuple[int, int], place: str
) -> None:
    units = UnitFinder(gazetteer(), segmenter()).find(text, segmenter().cut(text), ())
    ((start, end),) = trim_spans(text, [span], units)
    assert text[start:end] == place


def test_a_facility_reaches_into_nothing_else() -> None:
    assert add_facilities("四惠便民市场", [(0, 2), (4, 6)], ()) == [(0, 2), (4, 6)]
    assert add_facilities("四惠便民市场", [(0, 2)], [(2, 4)]) == [(0, 2)]


def test_the_fullest_naming_stands_for_shorter_ones() -> None:
    assert spans("海淀区有人烧烤，就在海淀区苏州街33号") == ["海淀区苏州街33号"]


@pytest.mark.parametrize(
    ("said", "district", "subdistrict"),
    [
        ("望京有人乱扔垃圾", "朝阳区", "望京街道"),
        ("海淀区八里庄街道", "海淀区", "八里庄街道"),
        ("通州区梨园镇云景里小区东门", "通州区", "梨园镇"),
        ("南锣鼓巷", "东城区", "交道口街道"),
        ("朝阳区来广营乡清河营村", "朝阳区", "来广营地区"),
        ("海淀医院对面", "海淀区", None),
        ("密云鼓楼东大街", "密云区", None),
    ],
)
def test_codes_of_what_is_known(said: str, district: str, subdistrict: str | None) -> None:
    (place,) = read_locations(said)
    assert (place.data["district"], place.data["subdistrict"]) == (district, subdistrict)
    assert place.data["candidates"] is None
    assert str(place.data["district_code"]).startswith("1101")
    assert (place.data["subdistrict_code"] is None) == (subdistrict is None)


@pytest.mark.parametrize(
    ("said", "districts"),
    [
        ("八里庄街道", {"朝阳区", "海淀区"}),
        ("和平里", {"东城区", "朝阳区"}),
        ("西直门地铁站C出口", {"西城区", "海淀区"}),
        ("望京小学门口", {"朝阳区"}),  # a name inside an unknown one only hints
    ],
)
def test_what_is_not_certain_is_offered_as_candidates(said: str, districts: set[str]) -> None:
    (place,) = read_locations(said)
    candidates = place.data["candidates"]
    assert isinstance(candidates, list)
    assert {candidate["district"] for candidate in candidates} == districts
    assert place.data["subdistrict"] is None


def test_a_named_district_wins_over_a_namesake_elsewhere() -> None:
    (place,) = read_locations("丰台区望京小区")
    assert place.data["district"] == "丰台区"


def test_the_parts_of_an_address() -> None:
    (place,) = read_locations("海淀区上地十街10号百度大厦门口")
    assert place.data["road"] == "上地十街"
    assert place.data["number"] == "10号"
    assert place.data["landmark"] == "百度大厦"
    keys = {"district", "district_code", "subdistrict", "subdistrict_code", "landmark", "road", "number", "candidates"}  # fmt: skip
    assert set(place.data) == keys


@pytest.mark.parametrize("said", ["Haidian District", "trash in Haidian"])
def test_a_district_is_known_by_its_english_name_too(said: str) -> None:
    (place,) = read_locations(said)
    assert place.data["district_code"] == "110108"
