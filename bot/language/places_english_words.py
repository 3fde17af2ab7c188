"""The words of places in English, and English words that look like Chinese in letters."""

from __future__ import annotations

import re

ENDINGS = frozenset(
    f"{side}{ending}"
    for side in ("", "da", "dong", "xi", "nan", "bei", "zhong", "qian", "hou", "nei", "wai")
    for ending in "lu jie dajie li yuan men qiao cun qu hutong xiang".split()
) | frozenset("hutongs jiayuan huayuan xiaoqu guangchang dasha gongyuan tiao zhuang".split())
"""What a name spelled in letters ends with: Gongti Beilu, Hepingli Zhongjie."""
COUNTED = re.compile(r"(?:di)?(?:yi|er|san|si|wu|liu|qi|ba|jiu|shi){1,2}(?:tiao|qu|li|jie|xiang)")
"""Such an ending with a number: Dongsi Shitiao, Jinsong Siqu."""

THINGS = frozenset(
    """road rd street st avenue ave lane ln alley boulevard bridge overpass underpass footbridge
    flyover park garden gardens hospital clinic school kindergarten university college hotel hostel
    mall plaza center centre tower towers building bldg block blk compound community courtyard
    station subway metro stop exit exits gate gates entrance square market supermarket bank embassy
    mosque temple church museum library theatre theater stadium gym cinema restaurant cafe bar
    village villas apartments apartment apts residence residences estate subdistrict district
    township town crossing intersection junction crossroads roundabout corner side end mouth lake
    river canal moat ring phase unit terminal airport campus soho club hall court lobby basement
    pavement sidewalk footpath line post hall wholesale wet
    farmers farmers' vegetable service government parking lot railway train bus tram ramp off-ramp carpark""".split()
)
SIDES = frozenset(
    """north south east west northeast northwest southeast southwest northern southern eastern
    western main back front rear middle upper lower inner outer left right second third fourth
    fifth beijing""".split()
)
BESIDE = frozenset(
    """near nearby by opposite behind beside outside inside between beneath under above across
    around along""".split()
) | {"in front of", "next to", "close to", "across from"}
BEFORE_BESIDE = frozenset("right just directly".split())
AT = frozenset("in at on".split())
ARTICLES = frozenset("the our".split())
LINKS = frozenset({"and", "&", "/"})

COUNTED_THINGS = frozenset(
    """day days night nights hour hours minute minutes min mins week weeks month months year years
    time times pm am p.m a.m o'clock people persons cars men trucks dogs bikes rmb yuan kids
    families metre metres meter meters m km""".split()
)
"""What makes a number no part of a place."""

CAPITALS = frozenset(
    """i i'm i've i'd i'll ok please hi hello help sos chinese english korean japanese russian
    french german american british monday tuesday wednesday thursday friday saturday sunday january
    february march april may june july august september october november december mr mrs ms sir
    madam officer inspector new year day fridays mondays saturdays sundays weekends china am pm again always never every""".split()
)
"""Words with a capital that name no place in the city."""
SPLITTING = frozenset(
    """again alike alone amount angel anger angle anyone arena arise asian awake aware banana
    banging base basement became become before began begin beginning being beside binge bingo bone
    became cache came canal canine canoe cease change changing chaos cheating cheese chengguan cinema citizen
    clinic coming cuisine danger daughter deal dealing decide defence delete delicate demand depend
    dining disease divide during easier eating eliminate engage ensure entire erase fading fatigue
    fence femininity finger foliage genuine getting giving going guidance guide hanging hating having
    heading healing hearing heating hesitate hidden hiding house huge human humane hungry hunting ignore
    inhale jianbing jungle karaoke keeping language lame leading leaking league leakage leave leaving
    leisure licence license likely linen liner living longer lounge machine manage manager mango
    manure marine meaning measure medicine meeting menace mileage mimic mining minute missing
    mitigate mobile module mortgage mouse moving muse musician nature noise nuisance ocean offence
    opaque open opening outage outing palace panda panic paper parade parking patience pause peace
    people piano pigeon pioneer pipe police polite pole possible purchase queen quote raise rage
    ranger realise realize recent reduce refuge refuse release remain remote remove removing repeat
    rescue reside residue resume retire riding ringing rise rising roaming route routine ruined
    rule running safe sausage scene sealing seating seaside secure sending senile sense sewage
    shade shake shaking share sharing shine shining shouting silence singing siren suite sunshine
    surface taken taking tango tease teenage tenant terrace tiger time timing tire tone tongue
    toilet tune tuning urine vague waiting wakes waking wanting waste water woken woman women
    yelling""".split()
)
"""English words that split, or nearly split, into Chinese syllables."""
