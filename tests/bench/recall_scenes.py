"""Scenes for measuring recall: what real programs show, and what may be asked about it afterwards.

Four sets. DEVELOPMENT was looked at while recall was built, the others only after their first measurement, which is
the one to quote: VALIDATION, then HOLDOUT, then SPINE (a build, a price list, a note, a dialog). As a command this
file shows every scene with its real program on a virtual screen and stores the pictures that the benches read (all of
them, or the named sets):

    python -m tests.bench.recall_scenes [development] [validation] [holdout] [spine]
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import mss
from PIL import Image

from tests.helpers.desktop import VirtualDesktop, stop, wait_until

FIXTURES = Path(__file__).parent.parent / "fixtures" / "recall"
SIZE = (1360, 860)
CHROMIUM = (
    "chromium --no-first-run --no-sandbox --test-type --disable-gpu --disable-quic --password-store=basic "
    "--disable-background-networking --disable-component-update --disable-sync --window-size=1200,760 "
    "--window-position=60,40"
).split()
STYLE = (
    "<style>body{font:16px 'DejaVu Sans',sans-serif;margin:32px;color:#222}table{border-collapse:collapse}"
    "td,th{border-bottom:1px solid #ccc;padding:8px 26px 8px 4px;text-align:left}.dark{background:#181a1f;color:#d8d8d8}"
    ".card{border:1px solid #ccc;padding:14px;margin:8px;display:inline-block;width:220px;vertical-align:top}"
    "small{color:#777}</style>"
)


@dataclass(frozen=True)
class Ask:
    """``expected``: strings that must be in the answer, case aside ("a|b": one of them); none of them with
    ``application`` None: the answer must be that it was not seen."""

    text: str
    expected: tuple[str, ...] = ()
    seen: bool = True


@dataclass(frozen=True)
class Scene:
    name: str
    application: str
    title: str
    kind: str  # terminal, small terminal, light terminal, page, note, message, info
    content: str
    asks: tuple[Ask, ...]


def unseen(text: str) -> Ask:
    return Ask(text, seen=False)


def asks(*pairs: tuple[str, ...] | Ask) -> tuple[Ask, ...]:
    return tuple(pair if isinstance(pair, Ask) else Ask(pair[0], tuple(pair[1:])) for pair in pairs)


DEVELOPMENT: tuple[Scene, ...] = (
    Scene(
        "pytest", "xterm", "tests: ledger", "terminal",
        """$ python -m pytest -q
..............F.....s...                                           [100%]
=================================== FAILURES ===================================
______________________ test_rounding_of_negative_amounts _______________________

    def test_rounding_of_negative_amounts():
>       assert to_cents(-1.005) == -101
E       assert -100 == -101
E        +  where -100 = to_cents(-1.005)

tests/test_money.py:48: AssertionError
=========================== short test summary info ============================
FAILED tests/test_money.py::test_rounding_of_negative_amounts - assert -100 == -101
1 failed, 22 passed, 1 skipped in 3.87s
$ """,
        asks(
            ("Which test failed?", "test_rounding_of_negative_amounts"),
            ("How many tests passed?", "22"),
            ("In which file is the failing test?", "test_money.py"),
            ("How long did the tests take?", "3.87"),
            ("What assertion failed in the money test?", "-100 == -101"),
            unseen("Which test timed out?"),
            unseen("How many tests were marked xfail?"),
        ),
    ),
    Scene(
        "gitlog", "xterm", "repo: orchard", "light terminal",
        """$ git log --oneline --decorate -6
9c41e07 (HEAD -> main, tag: v2.4.1) Fix overflow in the pear sorter
b17d2aa Cache the weather lookup for ten minutes
51f0c3e Merge branch 'feature/cider-press'
e88a914 Drop support for Python 3.9
07bb6d2 Add the harvest calendar export
c3129fe First working picker
$ git status -sb
## main...origin/main [ahead 2]
 M orchard/picker.py
?? notes/todo.txt
$ """,
        asks(
            ("What is the hash of the commit that fixed the overflow in the pear sorter?", "9c41e07"),
            ("Which commit added the harvest calendar export?", "07bb6d2"),
            ("Which branch was merged?", "feature/cider-press"),
            ("Which file was modified in git status?", "orchard/picker.py"),
            ("What version tag is on HEAD?", "v2.4.1"),
            unseen("Who committed the apple washer?"),
        ),
    ),
    Scene(
        "ping", "xterm", "network check", "terminal",
        """$ ping -c 4 gateway.lindqvist.example
PING gateway.lindqvist.example (10.44.7.1) 56(84) bytes of data.
64 bytes from 10.44.7.1: icmp_seq=1 ttl=64 time=0.412 ms
64 bytes from 10.44.7.1: icmp_seq=2 ttl=64 time=0.398 ms
64 bytes from 10.44.7.1: icmp_seq=4 ttl=64 time=27.6 ms

--- gateway.lindqvist.example ping statistics ---
4 packets transmitted, 3 received, 25% packet loss, time 3051ms
rtt min/avg/max/mdev = 0.398/9.470/27.600/12.820 ms
$ df -h /srv
Filesystem      Size  Used Avail Use% Mounted on
/dev/nvme0n1p3  916G  871G   45G  96% /srv
$ """,
        asks(
            ("What was the packet loss when I pinged the gateway?", "25%"),
            ("What is the IP address of gateway.lindqvist.example?", "10.44.7.1"),
            ("How full is /srv?", "96%"),
            ("How much space is available on /srv?", "45G"),
            ("Which program did I ping the gateway in?", "xterm"),
            unseen("What was the packet loss to the printer?"),
        ),
    ),
    Scene(
        "htop", "xterm", "processes on bramble", "small terminal",
        """top - 14:22:07 up 12 days,  3:41,  2 users,  load average: 2.31, 1.87, 1.40
Tasks: 214 total,   2 running, 212 sleeping
%Cpu(s): 38.2 us,  4.1 sy,  0.0 ni, 57.1 id
MiB Mem :  31987.4 total,   2210.6 free,  19874.2 used

    PID USER      PR  NI    VIRT    RES  %CPU  %MEM     TIME+ COMMAND
  48213 marta     20   0   12.4g   6.1g  187.3  19.6   41:07.22 blender
   2977 postgres  20   0    4.2g   1.9g   22.1   6.2  103:55.01 postgres
  51904 marta     20   0    3.3g 812.4m    9.8   2.5    2:14.90 firefox-esr
   1188 root      20   0  713.2m  61.0m    0.7   0.2    8:31.47 Xorg
""",
        asks(
            ("Which process used the most CPU?", "blender"),
            ("What was the PID of blender?", "48213"),
            ("How much memory did postgres use, in percent?", "6.2"),
            ("What was the load average?", "2.31"),
            ("How long had bramble been up?", "12 days"),
            unseen("What was the PID of the krita process?"),
        ),
    ),
    Scene(
        "gcc", "xterm", "make vestibule", "terminal",
        """$ make -j2
cc -O2 -Wall -c lantern.c -o lantern.o
cc -O2 -Wall -c moth.c -o moth.o
moth.c: In function 'wing_span':
moth.c:77:12: warning: unused variable 'tmp_angle' [-Wunused-variable]
   77 |     double tmp_angle = 0.0;
      |            ^~~~~~~~~
cc lantern.o moth.o -lm -o vestibule
/usr/bin/ld: moth.o: in function `flutter':
moth.c:(.text+0x1c4): undefined reference to `lamp_radius'
collect2: error: ld returned 1 exit status
make: *** [Makefile:14: vestibule] Error 1
$ """,
        asks(
            ("Which symbol was undefined when linking?", "lamp_radius"),
            ("What warning did the compiler give in moth.c?", "unused variable"),
            ("Which variable was unused?", "tmp_angle"),
            ("On which line of the Makefile did make stop?", "14"),
            ("What was the linker error?", "undefined reference to|ld returned 1"),
            unseen("Which header file was missing when I ran make?"),
        ),
    ),
    Scene(
        "flights", "chromium", "Flights Gothenburg to Lisbon", "page",
        """<h2>Gothenburg (GOT) &rarr; Lisbon (LIS), Saturday 6 December</h2>
<table><tr><th>Airline</th><th>Flight</th><th>Departs</th><th>Arrives</th><th>Stops</th><th>Fare</th></tr>
<tr><td>Nordvinge</td><td>NV 1482</td><td>06:35</td><td>10:20</td><td>0</td><td>&euro;214</td></tr>
<tr><td>Tejo Air</td><td>TJ 907</td><td>11:50</td><td>17:05</td><td>1</td><td>&euro;168</td></tr>
<tr><td>Calima</td><td>CL 2216</td><td>19:15</td><td>22:55</td><td>0</td><td>&euro;239</td></tr></table>
<p>Checked bags cost &euro;38 each way. Prices were updated 4 minutes ago.</p>""",
        asks(
            ("When does the Tejo Air flight depart?", "11:50"),
            ("What does the Nordvinge flight cost?", "214"),
            ("What is the flight number of Calima?", "CL 2216"),
            ("When does flight NV 1482 arrive in Lisbon?", "10:20"),
            ("How many stops does the Tejo Air flight have?", "1"),
            ("How much is a checked bag?", "38"),
            ("On which day is the flight to Lisbon?", "6 December|Saturday"),
            unseen("What does the Ryanair flight to Lisbon cost?"),
            unseen("When does the flight from Lisbon to Madeira depart?"),
        ),
    ),
    Scene(
        "mail", "chromium", "Inbox (3) - Posthorn", "page",
        """<div style="display:flex"><div style="width:180px"><p><b>Inbox (3)</b></p><p>Drafts</p><p>Sent</p></div><div>
<h2>Delivery of the loom parts</h2><p><b>Birgit Sandoval</b> &lt;birgit@weftworks.example&gt;<br><small>Thursday, 20 November, 16:42 &middot; to me</small></p>
<p>Hello,</p><p>the 24 heddles left our workshop in Bruges this morning with Kestrel Parcel,<br>tracking number KP-5580-1937-X. They should be with you on Tuesday.</p>
<p>The reed was out of stock; I have put it on back order and will charge 86.40 euros only when it ships.</p><p>Kind regards<br>Birgit</p></div></div>""",
        asks(
            ("What is the tracking number of the heddles?", "KP-5580-1937-X"),
            ("Who wrote the e-mail about the loom parts?", "Birgit Sandoval"),
            ("What is Birgit's mail address?", "birgit@weftworks.example"),
            ("Which carrier brings the heddles?", "Kestrel Parcel"),
            ("When should the heddles arrive?", "Tuesday"),
            ("How much will the reed cost?", "86.40"),
            ("How many heddles were sent?", "24"),
            unseen("What is the tracking number of the spinning wheel?"),
            unseen("What did Birgit write about the invoice?"),
        ),
    ),
    Scene(
        "chat", "chromium", "#greenhouse - Tattle", "page",
        """<div class="dark" style="margin:-32px;padding:32px;min-height:640px"><h3># greenhouse</h3>
<p><b>Oskar</b> <small>09:14</small><br>the pump in bay 3 is humming again, anyone else hears it?</p>
<p><b>Priya</b> <small>09:16</small><br>yes. pressure dropped to 1.7 bar overnight</p>
<p><b>Oskar</b> <small>09:17</small><br>I will order a new impeller, the part is HX-204</p>
<p><b>Lena</b> <small>09:31</small><br>please take the tomatoes off the 18:00 watering until it is fixed</p>
<p><b>Priya</b> <small>09:33</small><br>done. I am in the cold store until noon, call 555-0142 if it leaks</p></div>""",
        asks(
            ("What pressure did Priya report?", "1.7 bar"),
            ("Which part will Oskar order?", "HX-204"),
            ("Who said the pump was humming?", "Oskar"),
            ("What did Lena ask for?", "tomatoes off"),
            ("What number should one call if it leaks?", "555-0142"),
            ("In which bay is the humming pump?", "bay 3|3"),
            unseen("What did Tobias say about the pump?"),
        ),
    ),
    Scene(
        "shop", "chromium", "Basket - Kettle & Kiln", "page",
        """<h2>Your basket</h2><div class="card"><b>Stoneware teapot</b><br>Glaze: celadon<br>1.1 litres<br><b>&pound;54.00</b></div>
<div class="card"><b>Ash whisk</b><br>Length: 19 cm<br><b>&pound;12.50</b></div><div class="card"><b>Linen cloth</b><br>Set of 4<br><b>&pound;18.75</b></div>
<table><tr><td>Subtotal</td><td>&pound;85.25</td></tr><tr><td>Shipping to Norwich</td><td>&pound;6.90</td></tr><tr><td><b>Total</b></td><td><b>&pound;92.15</b></td></tr></table>
<p>Use code <b>KILN10</b> before Sunday for ten percent off.</p>""",
        asks(
            ("How much is the stoneware teapot?", "54.00"),
            ("What is the total of my basket?", "92.15"),
            ("What does shipping to Norwich cost?", "6.90"),
            ("What is the discount code?", "KILN10"),
            ("How long is the ash whisk?", "19 cm"),
            ("What glaze does the teapot have?", "celadon"),
            unseen("How much is the copper kettle?"),
            unseen("What does shipping to Glasgow cost?"),
        ),
    ),
    Scene(
        "docs", "chromium", "Configuring the beacon - Halyard docs", "page",
        """<h1>Configuring the beacon</h1><p>The beacon listens on port <code>7443</code> unless <code>HALYARD_PORT</code> is set.</p>
<h3>Timeouts</h3><p>A client that stays silent for 45 seconds is dropped. Raise <code>idle_limit</code> to change this.</p>
<h3>Storage</h3><p>Snapshots go to <code>/var/lib/halyard/snaps</code> and are kept for 14 days.</p>
<pre>halyard beacon --config /etc/halyard/beacon.toml --verbose</pre>
<h3>Limits</h3><ul><li>At most 512 clients per beacon</li><li>Messages up to 2 MiB</li></ul>""",
        asks(
            ("Which port does the beacon listen on?", "7443"),
            ("After how many seconds is a silent client dropped?", "45"),
            ("Where are snapshots stored by halyard?", "/var/lib/halyard/snaps"),
            ("How long are snapshots kept?", "14 days"),
            ("Which environment variable sets the port?", "HALYARD_PORT"),
            ("How many clients can a beacon have?", "512"),
            ("What is the maximum message size?", "2 MiB"),
            unseen("Which port does the Halyard dashboard listen on?"),
        ),
    ),
    Scene(
        "calendar", "chromium", "Week 47 - Almanac", "page",
        """<h2>Week 47, November</h2><table><tr><th>Mon 17</th><th>Tue 18</th><th>Wed 19</th><th>Thu 20</th><th>Fri 21</th></tr>
<tr><td>09:00 Standup</td><td>10:30 Dentist, Dr. Okafor</td><td>09:00 Standup</td><td>13:00 Lunch with Mireille</td><td>09:00 Standup</td></tr>
<tr><td>15:00 Budget review, room Cedar</td><td>&nbsp;</td><td>14:15 Call with Zephyr Labs</td><td>&nbsp;</td><td>16:40 Train to Utrecht, platform 5</td></tr></table>""",
        asks(
            ("When is the dentist appointment?", "10:30"),
            ("In which room is the budget review?", "Cedar"),
            ("From which platform does the train to Utrecht leave?", "5"),
            ("Who is my dentist?", "Okafor"),
            ("With whom do I have lunch?", "Mireille"),
            ("What time is the call with Zephyr Labs?", "14:15"),
            unseen("When is the parents' evening?"),
        ),
    ),
    Scene(
        "recipe", "mousepad", "saffron-buns.txt", "note",
        """Saffron buns (makes 16)

500 g flour, 1 g saffron, 150 g sugar
250 ml milk, 50 g fresh yeast, 100 g butter
Bake at 225 C for 8 minutes.

Wifi in the cabin: Fjellro-Guest, password trout-harbor-91
Plumber: Gunnar Vik, 0470 55 28 19
Return the ladder to Solveig by 3 December!
""",
        asks(
            ("At what temperature do the saffron buns bake?", "225"),
            ("How much sugar goes into the saffron buns?", "150 g"),
            ("What is the wifi password of the cabin?", "trout-harbor-91"),
            ("What is the phone number of the plumber?", "0470 55 28 19"),
            ("To whom must I return the ladder?", "Solveig"),
            ("By when do I have to return the ladder?", "3 December"),
            ("How many buns does the recipe make?", "16"),
            unseen("How much cardamom goes into the buns?"),
            unseen("What is the phone number of the electrician?"),
        ),
    ),
    Scene(
        "dialog", "xmessage", "Updater", "message",
        "Package marigold-core 5.11.2 could not be installed.\n\nIt conflicts with petal-utils (< 3.0).\nCode: PKG-0419",
        asks(
            ("Which package could not be installed?", "marigold-core"),
            ("What does marigold-core conflict with?", "petal-utils"),
            ("What was the error code of the updater?", "PKG-0419"),
            ("Which application told me that marigold-core could not be installed?", "xmessage"),
            ("When did the updater complain about marigold-core?", "today at|yesterday at| at "),
            unseen("Which package was removed by the updater?"),
        ),
    ),
    Scene(
        "zenity", "zenity", "Disk check", "info",
        "The volume JUNIPER has 3 bad sectors.\nLast full check: 2 November.\nBack up your files to /mnt/vault soon.",
        asks(
            ("How many bad sectors does the volume have?", "3"),
            ("Which volume has bad sectors?", "JUNIPER"),
            ("When was the last full check of the disk?", "2 November"),
            ("Where did I read about the bad sectors?", "zenity"),
            ("Did I see a warning about bad sectors?", "yes"),
            unseen("Did I see a warning about the battery?"),
        ),
    ),
    Scene(
        "scores", "chromium", "League table - Fencing weekly", "page",
        """<h2>Sabre league after round 9</h2><table><tr><th>Rank</th><th>Club</th><th>Wins</th><th>Losses</th><th>Points</th></tr>
<tr><td>1</td><td>FC Rapier Graz</td><td>8</td><td>1</td><td>24</td></tr><tr><td>2</td><td>Blade Union Turku</td><td>6</td><td>3</td><td>19</td></tr>
<tr><td>3</td><td>Sala d'Armi Parma</td><td>6</td><td>3</td><td>18</td></tr><tr><td>4</td><td>Club Esgrima Vigo</td><td>4</td><td>5</td><td>13</td></tr></table>
<p>Next round: 29 November in Turku. Top scorer: <b>Ilse Brandner</b> with 41 touches.</p>""",
        asks(
            ("How many points does Blade Union Turku have?", "19"),
            ("How many losses does Rapier Graz have?", "1"),
            ("Which club is in third place?", "Parma"),
            ("Who is the top scorer?", "Ilse Brandner"),
            ("When is the next round?", "29 November"),
            unseen("How many points does the club from Bergen have?"),
        ),
    ),
    Scene(
        "csv", "xterm", "stock.txt", "terminal",
        """$ cat stock.txt
item        sku       shelf   count   reorder
hinges      BR-0071   C4        318       100
drawer pull BR-0094   A1         27        40
cam locks   FX-1130   D9          6        25
wood glue   GL-0015   B2         54        20
$ tail -2 sync.log
2026-11-21 23:58:10 INFO  sync finished: 1,204 rows in 6.3 s
2026-11-22 00:10:44 ERROR sync failed: connection refused by depot-2:5432
$ """,
        asks(
            ("How many cam locks are left?", "6"),
            ("On which shelf is the wood glue?", "B2"),
            ("What is the SKU of the hinges?", "BR-0071"),
            ("Why did the sync fail?", "connection refused"),
            ("How many rows were synced?", "1,204"),
            ("Which host refused the connection?", "depot-2"),
            unseen("On which shelf is the sandpaper?"),
        ),
    ),
)  # fmt: skip

VALIDATION: tuple[Scene, ...] = (
    Scene(
        "cargo", "xterm", "cargo build", "terminal",
        """$ cargo build --release
   Compiling sextant v0.8.3 (/home/ines/sextant)
error[E0502]: cannot borrow `stars` as mutable because it is also borrowed as immutable
  --> src/catalog.rs:131:9
    |
129 |     let brightest = stars.first();
131 |         stars.push(Star::polaris());
    |         ^^^^^ mutable borrow occurs here
error: could not compile `sextant` (bin "sextant") due to 1 previous error
$ """,
        asks(
            ("What did cargo complain about?", "cannot borrow|could not compile"),
            ("In which file was the borrow error?", "catalog.rs"),
            ("What was the Rust error code?", "E0502"),
            ("Which version of sextant was I compiling?", "0.8.3"),
            ("Which application did the cargo build run in?", "xterm"),
            unseen("Which crate failed to download?"),
            unseen("What was the error in navigator.rs?"),
        ),
    ),
    Scene(
        "trains", "chromium", "Departures Innsbruck Hbf", "page",
        """<div class="dark" style="margin:-32px;padding:32px;min-height:620px"><h2>Departures - Innsbruck Hbf</h2>
<table><tr><th>Time</th><th>Train</th><th>To</th><th>Track</th><th>Remarks</th></tr>
<tr><td>17:02</td><td>RJ 863</td><td>Wien Hbf</td><td>3</td><td>on time</td></tr>
<tr><td>17:17</td><td>IC 118</td><td>Bregenz</td><td>7</td><td>25 min late</td></tr>
<tr><td>17:40</td><td>EC 83</td><td>Verona Porta Nuova</td><td>1</td><td>cancelled</td></tr>
<tr><td>17:48</td><td>S 4</td><td>Kufstein</td><td>21</td><td>on time</td></tr></table></div>""",
        asks(
            ("From which track does the train to Bregenz leave?", "7"),
            ("What time is the train to Kufstein?", "17:48"),
            ("How late is the train to Bregenz?", "25 min"),
            ("Which train goes to Verona?", "EC 83"),
            ("Which train was cancelled?", "EC 83|Verona"),
            ("Was the train to Wien on time?", "yes|on time"),
            unseen("From which track does the train to Salzburg leave?"),
            unseen("What does the ticket to Verona cost?"),
        ),
    ),
    Scene(
        "invoice", "chromium", "Invoice 2026-0417 - Ferrule Ltd", "page",
        """<h2>Invoice 2026-0417</h2><p>Ferrule Ltd, 12 Quarry Lane, Sheffield<br>Issued: 18 November 2026<br>Due: 2 December 2026</p>
<table><tr><th>Description</th><th>Qty</th><th>Unit price</th><th>Amount</th></tr>
<tr><td>Brass ferrules 28 mm</td><td>120</td><td>$1.35</td><td>$162.00</td></tr>
<tr><td>Sharpening service</td><td>3</td><td>$22.00</td><td>$66.00</td></tr>
<tr><td>Freight</td><td>1</td><td>$19.80</td><td>$19.80</td></tr></table>
<p>Total due: <b>$247.80</b></p><p>Account: 20-44-91 7730 1188</p>""",
        asks(
            ("When is the invoice from Ferrule due?", "2 December"),
            ("What is the total of the invoice?", "247.80"),
            ("How many brass ferrules were invoiced?", "120"),
            ("What is the unit price of the sharpening service?", "22.00"),
            ("What is the address of Ferrule Ltd?", "12 Quarry Lane"),
            ("What is the invoice number?", "2026-0417"),
            unseen("How much was the discount on the invoice?"),
            unseen("How many steel washers were invoiced?"),
        ),
    ),
    Scene(
        "todo", "mousepad", "saturday.txt", "note",
        """SATURDAY
- pick up the cello from Anselm, Birkenweg 9, after 11
- flu shot at the pharmacy, 15:20
- new bike chain: KMC X11, about 32 euros
- ring Nadia about the cat (vet says 4.1 kg, fine)
- library books are due on the 28th
router login: admin / heron-quartz-5
""",
        asks(
            ("Where do I have to pick up the cello?", "Birkenweg 9"),
            ("Who has the cello?", "Anselm"),
            ("What time is the flu shot?", "15:20"),
            ("Which bike chain did I want to buy?", "KMC X11"),
            ("How heavy is the cat?", "4.1 kg"),
            ("When are the library books due?", "28th"),
            ("What is the router login?", "heron-quartz-5"),
            unseen("What time is the haircut on Saturday?"),
        ),
    ),
    Scene(
        "ssh", "xterm", "root@kiln-04", "light terminal",
        """$ systemctl status tunnelkeeper
x tunnelkeeper.service - Keeps the reverse tunnel open
     Loaded: loaded (/etc/systemd/system/tunnelkeeper.service; enabled)
     Active: failed (Result: exit-code) since Sat 2026-11-21 03:12:55 UTC
    Process: 90871 ExecStart=/opt/tk/run (code=exited, status=203/EXEC)
   Main PID: 90871 (code=exited, status=203/EXEC)
Nov 21 03:12:55 kiln-04 systemd[1]: tunnelkeeper.service: Failed with result 'exit-code'.
$ free -h
               total        used        free
Mem:            15Gi       9.2Gi       1.1Gi
Swap:          4.0Gi       3.7Gi       0.3Gi
$ """,
        asks(
            ("Which service failed?", "tunnelkeeper"),
            ("What was the exit status of tunnelkeeper?", "203"),
            ("Since when is tunnelkeeper failing?", "2026-11-21|03:12:55"),
            ("How much swap is used?", "3.7"),
            ("What is the main PID of tunnelkeeper?", "90871"),
            unseen("What was the exit status of nginx?"),
        ),
    ),
    Scene(
        "weather", "chromium", "Weather for Tromso", "page",
        """<h2>Troms&oslash;, next days</h2><div class="card"><b>Monday</b><br>-4 &deg;C<br>Snow, 12 cm<br>Wind 9 m/s</div>
<div class="card"><b>Tuesday</b><br>-7 &deg;C<br>Clear sky<br>Wind 3 m/s</div><div class="card"><b>Wednesday</b><br>1 &deg;C<br>Sleet<br>Wind 14 m/s</div>
<p>Sunset today at 12:48. Aurora forecast: Kp 6.</p>""",
        asks(
            ("How cold will it be on Tuesday in Tromsø?", "-7"),
            ("How much snow is expected on Monday?", "12 cm"),
            ("When is sunset?", "12:48"),
            ("What is the aurora forecast?", "Kp 6"),
            ("How strong is the wind on Wednesday?", "14 m/s"),
            unseen("How cold will it be in Bodø?"),
        ),
    ),
    Scene(
        "confirm", "zenity", "Transfer", "info",
        "Transfer of 1,320 files to HERMIT-NAS finished.\n7 files were skipped because their names were too long.\nElapsed: 18 min 42 s",
        asks(
            ("How many files were skipped?", "7"),
            ("Where were the files transferred to?", "HERMIT-NAS"),
            ("How long did the transfer take?", "18 min"),
            ("Why were files skipped?", "names were too long"),
            unseen("How many files were encrypted?"),
        ),
    ),
    Scene(
        "article", "chromium", "The bell founders of Annecy - Carillon", "page",
        """<h1>The bell founders of Annecy</h1><p><small>By Thandiwe Mbeki, 9 November</small></p>
<p>Since 1796 the Paccard workshop has cast more than 120,000 bells. The largest, the Millennium bell,<br>weighs 33 tonnes and was made for a city in Kentucky.</p>
<p>A bell is tuned on a lathe: five partials must agree within two hundredths of a semitone.<br>The apprentice, Luc Fontanel, still uses his grandfather's tuning forks.</p>""",
        asks(
            ("Who wrote the article about the bell founders?", "Thandiwe Mbeki"),
            ("How heavy is the Millennium bell?", "33 tonnes"),
            ("How many bells has the workshop cast?", "120,000"),
            ("Who uses his grandfather's tuning forks?", "Luc Fontanel"),
            ("Since when does the Paccard workshop cast bells?", "1796"),
            ("In which application did I read about bells?", "chromium"),
            unseen("Who wrote the article about the organ builders?"),
            unseen("How heavy is the Emmanuel bell?"),
        ),
    ),
)  # fmt: skip


HOLDOUT: tuple[Scene, ...] = (
    Scene(
        "npm", "xterm", "~/projects/quillpad", "terminal",
        """$ npm run build
> quillpad@3.2.0 build
> vite build
transforming (412) src/components/Toolbar.vue
x Build failed in 6.84s
error during build:
RollupError: Could not resolve "./palette.js" from "src/theme/index.ts"
    at src/theme/index.ts:12:7
$ npm audit --omit=dev
found 2 vulnerabilities (1 moderate, 1 high)
$ """,
        asks(
            ("why did the npm build fail?", "could not resolve"),
            ("what module could not be resolved", "palette.js"),
            ("How many vulnerabilities did npm audit find?", "2"),
            ("Which version of quillpad was it?", "3.2.0"),
            ("In what file did the RollupError happen?", "index.ts"),
            ("how long did the build take until it failed", "6.84"),
            unseen("Which package did npm uninstall?"),
        ),
    ),
    Scene(
        "sql", "xterm", "psql warehouse", "light terminal",
        """warehouse=> select name, city, pallets from depots order by pallets desc;
    name     |   city    | pallets
-------------+-----------+---------
 North Quay  | Rotterdam |    2210
 Alder Yard  | Leipzig   |    1875
 Mole End    | Bristol   |     640
(3 rows)

warehouse=> update depots set pallets = 700 where name = 'Mole End';
UPDATE 1
warehouse=> """,
        asks(
            ("How many pallets are in the Alder Yard depot?", "1875"),
            ("In which city is Mole End?", "Bristol"),
            ("Which depot has the most pallets?", "North Quay"),
            ("How many rows did the query return?", "3"),
            unseen("How many pallets are in the depot in Lyon?"),
        ),
    ),
    Scene(
        "hotel", "chromium", "Your booking - Larkspur Rooms", "page",
        """<h2>Booking confirmed</h2><table><tr><td>Guest</td><td>Henrike Paulsen</td></tr><tr><td>Hotel</td><td>Pension Lindenhof, Graz</td></tr>
<tr><td>Check-in</td><td>Friday 11 December, from 15:00</td></tr><tr><td>Check-out</td><td>Sunday 13 December, until 10:30</td></tr>
<tr><td>Room</td><td>204, courtyard side</td></tr><tr><td>Total</td><td>EUR 236.00</td></tr><tr><td>Confirmation</td><td>LRK-88213-QT</td></tr></table>
<p>Breakfast is served from 7 to 9:30. Parking: 9 euros a night.</p>""",
        asks(
            ("when can we check in at the hotel?", "11 December|15:00"),
            ("What's the confirmation code of the booking?", "LRK-88213-QT"),
            ("How much is the hotel in total?", "236"),
            ("what room number do we have in Graz", "204"),
            ("Until when do we have to check out?", "10:30"),
            ("What does parking cost per night?", "9 euros|9"),
            ("Under whose name is the booking?", "Henrike Paulsen"),
            unseen("What is the phone number of the hotel in Graz?"),
            unseen("How much is the city tax?"),
        ),
    ),
    Scene(
        "issue", "chromium", "Crash when rotating images #1187 - Pixelloom", "page",
        """<h2>Crash when rotating images <small>#1187</small></h2><p><span style="background:#1a7f37;color:#fff;padding:4px 10px;border-radius:12px">Open</span>
opened by <b>mkowalczyk</b> 3 days ago &middot; 5 comments</p><p>Rotating a picture larger than 12,000 pixels crashes with <code>std::bad_alloc</code>.</p>
<p>Steps: open any panorama, press Ctrl+Shift+R.</p><p><b>Labels:</b> bug, memory &nbsp; <b>Milestone:</b> 4.6 &nbsp; <b>Assignee:</b> jfonseca</p>
<p><b>jfonseca</b> commented yesterday</p><p>Reproduced on Windows and Fedora. A tiled rotation should land in 4.6.1.</p>""",
        asks(
            ("Who opened the issue about rotating images?", "mkowalczyk"),
            ("What exception does rotating large images throw?", "bad_alloc"),
            ("which issue number was the rotation crash", "1187"),
            ("Who is assigned to the crash?", "jfonseca"),
            ("In which version should the tiled rotation land?", "4.6.1"),
            ("Which keys does one press to reproduce the crash?", "Ctrl+Shift+R"),
            unseen("Who closed the issue about cropping images?"),
        ),
    ),
    Scene(
        "diary", "mousepad", "garden-log.txt", "note",
        """Garden log, week 46

Planted 40 tulip bulbs (Queen of Night) along the fence.
Lowest temperature on Wednesday: -3.5 C
Ordered 2 cubic metres of compost from Brandt & Sohn, 118 euros delivered.
The hedgehog is back under the shed.
Next: prune the Bramley on 30 November, ask Yusuf for the long ladder.
""",
        asks(
            ("How many tulip bulbs did I plant?", "40"),
            ("Which kind of tulips did I plant?", "Queen of Night"),
            ("what was the lowest temperature in the garden", "-3.5"),
            ("From whom did I order the compost?", "Brandt"),
            ("how much was the compost", "118"),
            ("When do I have to prune the Bramley?", "30 November"),
            ("Who has the long ladder?", "Yusuf"),
            ("Where is the hedgehog?", "under the shed"),
            unseen("How many daffodil bulbs did I plant?"),
        ),
    ),
    Scene(
        "printer", "zenity", "Printer", "info",
        "Canvas 3100 is out of magenta ink.\nJob 58 (thesis-final.pdf, 142 pages) was paused.\nReplacement cartridge: CV-31M",
        asks(
            ("Which ink colour is the printer out of?", "magenta"),
            ("Which document was paused at the printer?", "thesis-final.pdf"),
            ("how many pages does my thesis have", "142"),
            ("What cartridge do I need?", "CV-31M"),
            ("When did I see that the printer was out of ink?", "today at"),
            ("Which program warned about the ink?", "zenity"),
            unseen("What did the scanner report?"),
        ),
    ),
    Scene(
        "stocks", "chromium", "Watchlist - Tickerbird", "page",
        """<div class="dark" style="margin:-32px;padding:32px;min-height:620px"><h2>Watchlist</h2>
<table><tr><th>Symbol</th><th>Company</th><th>Last</th><th>Change</th><th>Volume</th></tr>
<tr><td>VLTR</td><td>Velotor SE</td><td>84.12</td><td>+1.9%</td><td>1.2M</td></tr>
<tr><td>OBSD</td><td>Obsidia Mining</td><td>17.56</td><td>-4.3%</td><td>8.7M</td></tr>
<tr><td>FENN</td><td>Fennmark Foods</td><td>230.40</td><td>+0.2%</td><td>310K</td></tr></table><p>Markets close at 17:30.</p></div>""",
        asks(
            ("What was the last price of Obsidia Mining?", "17.56"),
            ("By how much did Velotor change?", "1.9%"),
            ("What is the symbol of Fennmark Foods?", "FENN"),
            ("When do the markets close?", "17:30"),
            ("Which company lost the most?", "Obsidia"),
            unseen("What was the last price of Halberd Steel?"),
        ),
    ),
)  # fmt: skip


SPINE: tuple[Scene, ...] = (
    Scene(
        "go", "xterm", "build: tollgate", "terminal",
        """$ go build ./...
# tollgate/internal/ledger
internal/ledger/booking.go:64:18: undefined: roundHalfEven
internal/ledger/booking.go:71:2: declared and not used: surcharge
make: *** [Makefile:23: tollgate] Error 1
$ date
Sun Nov 22 14:31:09 UTC 2026
$ """,
        asks(
            ("What did the Go compiler say was undefined?", "roundHalfEven"),
            ("What was the build error?", "undefined|declared and not used|Error 1"),
            ("Which file failed to compile?", "booking.go"),
            ("Which variable was declared but not used?", "surcharge"),
            ("On which line is roundHalfEven?", "64"),
            ("Where did I see roundHalfEven?", "xterm"),
            ("When did the tollgate build fail?", "today at|14:31"),
            unseen("What did the tests of tollgate report?"),
        ),
    ),
    Scene(
        "prices", "chromium", "Autumn offers - Nordbay Outdoor", "page",
        """<h1>Autumn offers</h1><table><tr><th>Article</th><th>Colour</th><th>Old price</th><th>New price</th><th>Left</th></tr>
<tr><td>Fjord rain jacket</td><td>moss</td><td>189.00 &euro;</td><td>149.00 &euro;</td><td>12</td></tr>
<tr><td>Tarn tent, 2 persons</td><td>sand</td><td>349.00 &euro;</td><td>279.50 &euro;</td><td>3</td></tr>
<tr><td>Ridge boots</td><td>slate</td><td>164.00 &euro;</td><td>118.80 &euro;</td><td>27</td></tr></table>
<p>Free delivery above 75 euros until 30 November. Support: +47 55 80 12 44</p>""",
        asks(
            ("What is the new price of the Tarn tent?", "279.50"),
            ("What was the old price of the Ridge boots?", "164.00"),
            ("How many Fjord rain jackets are left?", "12"),
            ("What colour is the Fjord rain jacket?", "moss"),
            ("Until when is delivery free?", "30 November"),
            ("What is the support phone number?", "55 80 12 44"),
            ("Which article costs 118.80 euros?", "Ridge boots"),
            ("In which application did I see the Tarn tent?", "chromium"),
            unseen("What is the new price of the Summit sleeping bag?"),
            unseen("How many Ridge gloves are left?"),
        ),
    ),
    Scene(
        "note", "mousepad", "errands.txt", "note",
        """Errands
- passport photos, Studio Lindqvist, Tuesday 16:15
- pay the water bill: 87.42 euros, customer number 5530-118
- bring the violin to Mr Abara
- door code of the archive: 7714#
""",
        asks(
            ("When is the appointment for the passport photos?", "16:15"),
            ("How high is the water bill?", "87.42"),
            ("What is the customer number for the water bill?", "5530-118"),
            ("Who gets the violin?", "Abara"),
            ("What is the door code of the archive?", "7714"),
            ("Which program had my errands open?", "mousepad"),
            unseen("How high is the electricity bill?"),
            unseen("Who gets the trumpet?"),
        ),
    ),
    Scene(
        "alert", "xmessage", "Sensor alarm", "message",
        "Freezer 3 is at -9 C, limit -18 C.\n\nAlarm number A-2207, reported by node quail-5.",
        asks(
            ("Which freezer raised the alarm?", "Freezer 3"),
            ("How warm is freezer 3?", "-9"),
            ("What is the alarm number?", "A-2207"),
            ("Which node reported the alarm?", "quail-5"),
            ("When did the freezer alarm appear?", "today at"),
            ("What application displayed the freezer alarm?", "xmessage"),
            unseen("What is the humidity in the greenhouse?"),
        ),
    ),
)  # fmt: skip


def command(scene: Scene, folder: Path) -> list[str]:
    """The program that shows the scene."""
    if scene.kind.endswith("terminal"):
        text = folder / f"{scene.name}.txt"
        text.write_text(scene.content, encoding="utf-8")
        look = {
            "terminal": ["-fa", "DejaVu Sans Mono", "-fs", "11", "-bg", "#101418", "-fg", "#d5d5d5"],
            "light terminal": ["-fa", "Liberation Mono", "-fs", "12", "-bg", "#fdf6e3", "-fg", "#333333"],
            "small terminal": ["-fa", "DejaVu Sans Mono", "-fs", "9", "-bg", "#ffffff", "-fg", "#111111"],
        }[scene.kind]
        shell = f"cat '{text}'; sleep 600"
        return ["xterm", "-T", scene.title, *look, "-geometry", "108x32+70+60", "-e", "sh", "-c", shell]
    if scene.kind == "page":
        page = folder / f"{scene.name}.html"
        head = f"<!doctype html><html><head><meta charset='utf-8'><title>{scene.title}</title>{STYLE}</head>"
        page.write_text(f"{head}<body>{scene.content}</body></html>", encoding="utf-8")
        return [*CHROMIUM, f"--user-data-dir={folder / 'profile'}", page.as_uri()]
    if scene.kind == "note":
        note = folder / scene.title
        note.write_text(scene.content, encoding="utf-8")
        return ["mousepad", "--disable-server", str(note)]
    if scene.kind == "message":
        return ["xmessage", "-title", scene.title, "-center", "-fn", "10x20", scene.content]
    return ["zenity", "--info", f"--title={scene.title}", f"--text={scene.content}", "--width=520"]


def record(scenes: Sequence[Scene], folder: Path) -> None:
    """Shows every scene and stores its window's picture and title."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as work, VirtualDesktop(*SIZE, tray=False) as desktop:
        for scene in scenes:
            process = desktop.run(command(scene, Path(work)))
            window = desktop.wait_for_window(re.escape(scene.title))
            facts = _settled(desktop, window)
            with mss.MSS(display=desktop.display) as camera:
                grabbed = camera.grab({key: facts[key] for key in ("left", "top", "width", "height")})
            picture = Image.frombytes("RGB", grabbed.size, grabbed.rgb)
            picture.save(folder / f"{scene.name}.webp", "WEBP", lossless=True, method=6)
            title = _tool(desktop, "xdotool", "getwindowname", window).strip()
            (folder / f"{scene.name}.json").write_text(json.dumps({"title": title}) + "\n", encoding="utf-8")
            stop(process)
            shutil.rmtree(Path(work) / "profile", ignore_errors=True)


def _tool(desktop: VirtualDesktop, *arguments: str) -> str:
    return subprocess.run(arguments, env=desktop.environment, capture_output=True, text=True, check=True).stdout


def _settled(desktop: VirtualDesktop, window: str) -> dict[str, int]:
    """The window's place once it shows the same picture for a second and a half."""
    state: dict[str, object] = {"last": b"", "since": time.monotonic()}

    def still() -> bool:
        with mss.MSS(display=desktop.display) as camera:
            picture = bytes(camera.grab(camera.monitors[0]).rgb)
        if picture != state["last"]:
            state.update(last=picture, since=time.monotonic())
        return time.monotonic() - float(str(state["since"])) > 1.5

    wait_until(still, 30, "a still picture")
    told = _tool(desktop, "xwininfo", "-id", window)
    left, top, width, height = (
        int(re.search(rf"{name}:\s+(-?\d+)", told)[1])  # type: ignore[index]  # xwininfo always tells these
        for name in ("Absolute upper-left X", "Absolute upper-left Y", "Width", "Height")
    )
    return {"left": left, "top": top, "width": min(width, SIZE[0] - left), "height": min(height, SIZE[1] - top)}


SETS = {"development": DEVELOPMENT, "validation": VALIDATION, "holdout": HOLDOUT, "spine": SPINE}

if __name__ == "__main__":
    for name in sys.argv[1:] or SETS:
        record(SETS[name], FIXTURES / name)
