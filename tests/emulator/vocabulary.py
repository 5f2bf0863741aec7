"""The words that known tracks are made of: common, clearly spoken, no two of one sound."""

from collections.abc import Mapping
from typing import Final

_ENGLISH = """
    able above accident account across address advance adventure afternoon against agreement airplane
    alarm album almost alphabet amazing ancient animal announce answer anybody apartment appear apple
    arrange arrival article artist autumn average avenue awake balance balloon banana basement battle
    beautiful because become before begin behind believe belong bicycle birthday bitter blanket blossom
    borrow bottle bottom branch breakfast brilliant bring broken brother building burning button
    calendar camera candle captain careful carpet castle celebrate centre central champion chapter
    chicken children chocolate circle citizen classroom climate clothing cloudy collect colour comfort
    company complain concert condition consider continue corner cottage country courage cousin creature
    crowded curious curtain customer danger daughter december decide deliver department desert describe
    diamond different dinner discover distance doctor dolphin donkey double dragon dreaming driving
    early easily eastern education electric elephant eleven emerald empire encourage enemy engine
    enjoy enormous enough entrance envelope equal evening everybody example excellent exercise
    expensive explain express factory familiar family famous farmer favour february festival finally
    finger flower flying follow foreign forest forgotten fortune forward freedom friendly furniture
    future gallery garden gather general gentle gigantic giraffe golden goodbye government grammar
    grandfather grateful guitar hammer handle happen harbour harvest heavy helicopter holiday honey
    hospital hotel hundred hungry husband imagine important increase indeed industry insect island
    january jealous journey jungle kangaroo kingdom kitchen ladder language laughing leather lemon
    library lightning listen lonely machine magazine magnet manager marble market master measure
    medicine melody member memory message midnight million minute mirror modern moment monday monkey
    morning mother mountain museum musical narrow national nearly needle neighbour never normal
    northern november number object october offer office onion open orange orchard ordinary original
    outside oxygen package painting palace parade pardon parliament pattern penguin pepper perfect
    photograph picnic piano pilot planet plenty pocket popular positive potato powerful prepare
    president princess probably problem program promise purple quarter question quickly rabbit railway
    rainbow really recover regular remember repair republic restaurant return ribbon river robin rocket
    rubber runner saddle sailor salad sandwich saturday science season secret september serious seven
    shadow shoulder silver simple singer sister skeleton slowly sofa soldier somebody southern special
    spider spring station stomach stories stranger strawberry student sudden summer sunday sunlight
    surprise table talking teacher telephone television temple terrible theatre thousand thunder
    tiger timber together tomato tomorrow tourist towel tractor traffic travel treasure triangle trouble
    tuesday turtle twenty umbrella uncle under uniform university unusual valley vanilla vegetable
    velvet victory village violin volcano voyage waiter walking warning water weather wednesday weekend
    welcome western whisper wicked window winter wisdom without wonderful wooden workshop yellow
    yesterday younger zebra
"""

_GERMAN = """
    abend anfang antwort arbeit augenblick banane bauer beispiel bleistift blume brücke bruder dampfer
    dezember donner eingang eisenbahn elefant farbe fenster feuer flasche freiheit freund frühling garten
    gebirge geschenk gewitter glocke hammer himmel honig insel januar kaffee kalender kartoffel kirche
    königin kuchen landschaft laterne löwe mantel meister melodie mittag montag mutter nachbar nebel
    november ordnung palast papier pfeffer postkarte rathaus regen reise sommer sonntag spiegel straße
    tausend teller tochter unterricht vogel wasser winter wolke wunder zeitung zitrone zucker
"""

VOCABULARIES: Final[Mapping[str, tuple[str, ...]]] = {
    "en": tuple(_ENGLISH.split()),
    "de": tuple(_GERMAN.split()),
}
"""Words by ISO 639-1 code of their language, all in lower case."""
