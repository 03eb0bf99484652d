"""Pages and questions about them in other words: what `tests.bench.meaning` asks.

No word of substance of a question stands on the page that answers it. "development" was looked at while thresholds
were chosen; "holdout" was written at the same time and only measured. Questions with ``expected`` "" ask for what is
on no page.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Page:
    application: str
    title: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Ask:
    """``words``: as they would be typed into the timeline's search; ``expected``: part of the line that answers."""

    question: str
    words: str
    expected: str


@dataclass(frozen=True, slots=True)
class Collection:
    pages: tuple[Page, ...]
    asks: tuple[Ask, ...]


def _page(application: str, title: str, text: str) -> Page:
    return Page(application, title, tuple(line.strip() for line in text.strip().splitlines()))


_DEVELOPMENT = Collection(
    (
        _page("chromium", "Your booking", """
            Rail ticket Ulm - Hanover 48 EUR
            Coach 12, seat 61, second class
            Departure 09:14, platform 3
            Please show this code on your mobile"""),
        _page("thunderbird", "Results", """
            Dear patient, your physician has reviewed the scan
            Mild inflammation of the patella, rest for two weeks
            Kind regards, Ortho Centre"""),
        _page("chromium", "Stay with us", """
            Beach apartment with two bedrooms, 90 EUR per night
            Breakfast included, no pets
            Cancel free of charge until 3 June"""),
        _page("thunderbird", "Confirmation", """
            Garage: brake service on Thursday 14:30
            Bring both keys and the papers
            The workshop closes at 18:00"""),
        _page("evince", "Letter", """
            Your annual compensation will rise by 4 percent
            Effective from 1 April
            Human resources"""),
        _page("chromium", "Booking", """
            Cinema reservation confirmed: two seats in row F
            The Lighthouse, screen 5, 20:15
            Popcorn voucher enclosed"""),
        _page("xterm", "ops", """
            Outage report 17
            The server crashed after its disk filled up
            Restored at 04:12 by Okafor"""),
        _page("chromium", "Kitchen", """
            Eggplant parmigiana for six
            Slice, salt and bake for 40 minutes
            Serve with basil"""),
        _page("mousepad", "list.txt", """
            Gift idea for mother: silk scarf
            Batteries, stamps, envelopes
            Return the drill to Sven"""),
        _page("chromium", "Offers", """
            Airfare Lisbon 79 EUR one way
            Hand luggage only
            Valid until Sunday"""),
        _page("slack", "general", """
            Anna Weber joins as department manager on Monday
            Lunch is at the canteen as usual
            The lift is out of order"""),
        _page("thunderbird", "Appointment", """
            Veterinary surgery Brandt
            Puppy booster shot on 12 May
            Bring the yellow pass"""),
        _page("chromium", "Issues", """
            Defect 882: records vanish after saving
            Assigned to Lindqvist, severity high
            Steps are attached"""),
        _page("chromium", "Weather", """
            Showers in the afternoon, 11 degrees
            Wind from the west, gusts up to 60 km/h
            Sunset 17:42"""),
        _page("evince", "Policy", """
            Household cover, annual premium 212.40
            Water and fire damage up to 50,000
            Notice period three months"""),
        _page("chromium", "Listings", """
            Sofa, grey, barely worn, 150 EUR
            Pick up in the old town
            Seller: Marek"""),
    ),
    (
        Ask("How much was the train?", "train price", "48 EUR"),
        Ask("What did the doctor write about my knee?", "doctor knee", "patella"),
        Ask("How expensive was the holiday flat by the sea?", "holiday flat sea", "90 EUR"),
        Ask("When is the car being repaired?", "car repair", "14:30"),
        Ask("By how much does my salary go up?", "salary increase", "4 percent"),
        Ask("Which row are the film tickets in?", "film tickets", "row F"),
        Ask("Why did the website go down?", "website down", "crashed"),
        Ask("How long does the aubergine stay in the oven?", "aubergine oven", "40 minutes"),
        Ask("What was the present for mum?", "present mum", "silk scarf"),
        Ask("What does the flight to Portugal cost?", "flight portugal", "79 EUR"),
        Ask("Who is my new boss?", "new boss", "Anna Weber"),
        Ask("When is the dog's vaccination?", "dog vaccination", "12 May"),
        Ask("Which bug loses data?", "bug loses data", "882"),
        Ask("Will it rain?", "rain", "Showers"),
        Ask("What does the home insurance cost?", "home insurance", "212.40"),
        Ask("How much was the couch?", "used couch", "150 EUR"),
        Ask("When is the violin lesson?", "violin lesson", ""),
        Ask("What did the hairdresser charge?", "hairdresser", ""),
        Ask("Which university did she apply to?", "university", ""),
        Ask("How many votes did the mayor get?", "mayor election", ""),
        Ask("Who won the football match?", "football", ""),
        Ask("Which piano is for sale?", "piano", ""),
        Ask("Which planet has rings?", "planet", ""),
        Ask("When does the church open?", "church", ""),
    ),
)  # fmt: skip

_HOLDOUT = Collection(
    (
        _page("thunderbird", "Your order", """
            Running shoes, size 43, 119 EUR
            Courier arrives between 9 and 12
            Return within 30 days"""),
        _page("chromium", "Menu", """
            Today: lentil soup with bread, 6.50
            Vegetarian lasagne, 9.80
            Closed on Mondays"""),
        _page("evince", "Contract", """
            Monthly rent 780 EUR, heating included
            The landlord must give three months' notice
            Deposit 1,560 EUR"""),
        _page("thunderbird", "Invitation", """
            We are getting married on 6 September
            Ceremony at the town hall, dinner afterwards
            Reply before the end of July"""),
        _page("xterm", "build", """
            Compilation aborted: out of memory
            Last artefact 2.4.1
            See log for details"""),
        _page("chromium", "Route", """
            Motorway A7 closed near Kassel, detour 35 minutes
            Fuel stop after 210 km
            Arrive about 16:20"""),
        _page("slack", "team", """
            The conference was postponed to 14 November
            Slides are on the shared drive
            Tomas has the projector"""),
        _page("chromium", "Bank", """
            Balance 1,204.55
            Standing order to the gym 29.90
            Statement ready"""),
        _page("thunderbird", "School", """
            Your child has a fever and should be picked up
            Teacher: Mrs Adeyemi
            Room 204"""),
        _page("chromium", "Shop", """
            Laptop with 32 GB of memory, 1,149 EUR
            Delivery in three days
            Two years of warranty"""),
        _page("mousepad", "garden.txt", """
            Plant the tulips before the frost
            Compost for the roses
            Water every second evening"""),
        _page("evince", "Report", """
            Turnover fell by 8 percent in the third quarter
            Staff costs unchanged
            Outlook cautious"""),
        _page("chromium", "News", """
            Earthquake shakes the island, 12 people hurt
            Rescue teams on their way
            Airport remains shut"""),
        _page("thunderbird", "Library", """
            The novel you borrowed is due on 2 March
            Fine of 0.50 a day
            Renew online"""),
        _page("chromium", "Clinic", """
            Dentist: cleaning on Friday 08:15
            Please arrive ten minutes early
            Insurance card needed"""),
        _page("chromium", "Rental", """
            Bicycle hire, 18 EUR per day
            Helmet and lock included
            Bring identification"""),
    ),
    (
        Ask("What did the sneakers cost?", "sneakers", "119 EUR"),
        Ask("When does the parcel come?", "parcel delivery", "9 and 12"),
        Ask("How much is the apartment a month?", "apartment cost", "780 EUR"),
        Ask("When is the wedding?", "wedding", "6 September"),
        Ask("Why did the build fail?", "compiler failure", "out of memory"),
        Ask("Which highway is blocked?", "highway blocked", "A7"),
        Ask("What day was the congress moved to?", "congress delayed", "14 November"),
        Ask("How much money is in my account?", "account money", "1,204.55"),
        Ask("Which kid is sick?", "sick kid", "fever"),
        Ask("What is the price of the notebook computer?", "notebook computer", "1,149 EUR"),
        Ask("Which flowers go into the soil?", "flowers soil", "tulips"),
        Ask("By how much did revenue drop?", "revenue drop", "8 percent"),
        Ask("How many were injured in the quake?", "injured disaster", "12 people"),
        Ask("When must the book go back?", "book return", "2 March"),
        Ask("When do I see the tooth doctor?", "tooth doctor", "08:15"),
        Ask("How much is a bike for a day?", "bike rent", "18 EUR"),
        Ask("Which guitar did I look at?", "guitar", ""),
        Ask("When is the tax office open?", "tax office", ""),
        Ask("Who directed the opera?", "opera director", ""),
        Ask("How tall is the mountain?", "mountain height", ""),
        Ask("What does the lawyer advise?", "lawyer", ""),
        Ask("When is the swimming course?", "swimming course", ""),
        Ask("Which camera lens is it?", "camera lens", ""),
        Ask("How many chickens are there?", "chickens", ""),
    ),
)  # fmt: skip

COLLECTIONS = {"development": _DEVELOPMENT, "holdout": _HOLDOUT}
