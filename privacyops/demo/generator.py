"""Fills Hireline's tables from a seed: the same people every time, with dates that keep up with today."""

import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from privacyops.demo import tables as t

SEED = 2026
PEOPLE = 5000
HEAVY = "harriet.heavy@example.com"
# The people of the tour, by their account's number.
NAMED = {
    1: ("Anna Schmidt", "anna.schmidt@example.com", "Berlin", "DE"),
    2: ("Ben Carter", "ben.carter@example.com", "Leeds", "GB"),
    3: ("Carla Diaz", "carla.diaz@example.com", "Oakland", "US"),
    4: ("Heavy Harriet", HEAVY, "Hamburg", "DE"),
}
HEAVY_ID = 4
HEAVY_ROWS = {
    "server_logs": 70_000, "messages": 20_000, "sessions": 5_500, "applications": 1_500, "archived_applications": 2_500,
    "support_tickets": 500,
}  # fmt: skip
AT_ONCE = 5000

FIRST = (
    "Ada", "Bruno", "Chidi", "Dilek", "Elif", "Farid", "Greta", "Hugo", "Inés", "Jun", "Kofi", "Léa", "Milan",
    "Nadia", "Omar", "Petra", "Quỳnh", "Rafał", "Sofía", "Tariq", "Uma", "Viktor", "Wanjiru", "Xiang", "Yara", "Zoë",
    "Åsa", "Björn", "Ólafur", "Şebnem", "Małgorzata", "Jiří", "Çağla", "Nguyễn", "Ioana", "Dmitri",
)  # fmt: skip
LAST = (
    "Adler", "Baker", "Cohen", "Duarte", "Eriksen", "Fischer", "García", "Hansen", "Ito", "Jansen", "Kowalski",
    "López", "Müller", "Novák", "Okafor", "Petrov", "Quintero", "Rossi", "Sørensen", "Tanaka", "Usman", "Virtanen",
    "Weiß", "Xu", "Yılmaz", "Zhang", "O'Brien", "Šimić", "D'Angelo", "Nguyen",
)  # fmt: skip
CITIES = (("Berlin", "DE"), ("Hamburg", "DE"), ("Lyon", "FR"), ("Kraków", "PL"), ("Leeds", "GB"), ("Austin", "US"),
          ("Oakland", "US"), ("Porto", "PT"), ("Utrecht", "NL"), ("Malmö", "SE"))  # fmt: skip
TITLES = ("Nurse", "Data analyst", "Electrician", "Teacher", "Baker", "Backend developer", "Bus driver", "Accountant",
          "Carpenter", "Sales assistant", "Product designer", "Welder", "Chef", "Lab technician")  # fmt: skip
COMPANIES = ("Northlight", "Kiefer & Sohn", "Bluewater Clinics", "Atelier Roux", "Tramway Works", "Granary Foods",
             "Solaris Grid", "Harbour Logistics", "Juniper Schools", "Mosaic Software")  # fmt: skip
SKILLS = ("first aid", "SQL", "welding", "German B2", "Python", "forklift licence", "payroll", "teaching", "pastry")
AGENTS = ("Mozilla/5.0 (X11; Linux) Firefox/140", "Mozilla/5.0 (iPhone) Safari/19", "HirelineApp/8.2 Android")
PATHS = ("/jobs", "/jobs/search?page=2", "/profile", "/applications", "/messages", "/login", "/salary-check")

Row = dict[str, Any]


class Company:
    """Makes rows; every random number comes from one seeded source, in one order."""

    def __init__(self, today: datetime) -> None:
        self.dice = random.Random(SEED)
        self.now = today.replace(hour=12, minute=0, second=0, microsecond=0, tzinfo=None)
        self.people: list[tuple[str, str, str, str]] = []
        for number in range(1, PEOPLE + 1):
            if number in NAMED:
                self.people.append(NAMED[number])
                continue
            first, last = self.dice.choice(FIRST), self.dice.choice(LAST)
            city, country = self.dice.choice(CITIES)
            self.people.append((f"{first} {last}", f"person{number}@mail.example", city, country))

    def ago(self, days: int) -> datetime:
        """A moment within the last `days` days."""
        return self.now - timedelta(minutes=self.dice.randrange(days * 1440))

    def ip(self) -> str:
        return f"{self.dice.choice(('192.0.2', '198.51.100', '203.0.113'))}.{self.dice.randrange(1, 255)}"

    def accounts(self) -> Iterator[Row]:
        for number, (name, mail, city, country) in enumerate(self.people, start=1):
            yield {
                "id": number, "email": mail, "full_name": name, "phone": f"+49 30 555 {number:05}", "city": city,
                "country": country, "created_at": self.ago(1500),
            }  # fmt: skip

    def candidate_profiles(self) -> Iterator[Row]:
        for number in range(1, PEOPLE + 1):
            yield {
                "id": number, "account_id": number, "headline": f"{self.dice.choice(TITLES)} looking for work",
                "skills": ", ".join(self.dice.sample(SKILLS, 3)), "years_of_experience": self.dice.randrange(35),
                "salary_wish": self.dice.randrange(24, 110) * 1000, "right_to_work": "yes",
                "match_score": round(self.dice.random(), 3),
            }  # fmt: skip

    def employers(self) -> Iterator[Row]:
        for number, name in enumerate(COMPANIES, start=1):
            yield {"id": number, "name": name, "city": self.dice.choice(CITIES)[0]}

    def jobs(self) -> Iterator[Row]:
        for number in range(1, 401):
            yield {"id": number, "employer_id": number % len(COMPANIES) + 1, "title": self.dice.choice(TITLES)}

    def each(self, table: str, low: int, high: int) -> Iterator[int]:
        """Account numbers, each as often as it has rows in this table."""
        for number in range(1, PEOPLE + 1):
            count = HEAVY_ROWS.get(table, 0) if number == HEAVY_ID else self.dice.randint(low, high)
            for _ in range(count):
                yield number

    def applications(self) -> Iterator[Row]:
        for number in self.each("applications", 2, 6):
            yield {
                "profile_id": number, "job_id": self.dice.randint(1, 400),
                "cover_letter": f"I am {self.people[number - 1][0]} and would like to work with you.",
                "status": self.dice.choice(("sent", "read", "interview", "rejected")), "applied_at": self.ago(400),
            }  # fmt: skip

    def messages(self) -> Iterator[Row]:
        yield from (self.message(1, 2, "Hello Ben, thank you for the referral!"), self.message(2, 1, "Any time, Anna."))
        for number in self.each("messages", 2, 4):
            other = self.dice.randint(1, PEOPLE)
            pair = (number, other) if self.dice.random() < 0.5 else (other, number)
            yield self.message(*pair, f"Is the position of {self.dice.choice(TITLES).lower()} still open?")

    def message(self, sender: int, recipient: int, body: str) -> Row:
        return {
            "sender_account_id": sender, "recipient_account_id": recipient, "sender_name": self.people[sender - 1][0],
            "recipient_name": self.people[recipient - 1][0], "body": body, "sent_at": self.ago(700),
        }  # fmt: skip

    def payments(self) -> Iterator[Row]:
        for number in range(1, PEOPLE + 1):
            for _ in range(self.dice.choice((0, 0, 0, 1, 1, 2)) or (number in NAMED)):
                yield {
                    "account_id": number, "product": "Profile boost", "amount_cents": 1900,
                    "card_last_four": f"{self.dice.randrange(10000):04}", "paid_at": self.ago(1200),
                }  # fmt: skip

    def sessions(self) -> Iterator[Row]:
        for number in self.each("sessions", 2, 4):
            yield {
                "account_id": number,
                "device": self.dice.choice(AGENTS),
                "ip": self.ip(),
                "started_at": self.ago(500),
            }

    def server_logs(self) -> Iterator[Row]:
        for number in self.each("server_logs", 5, 11):
            yield self.log(number)
        for _ in range(3000):
            yield self.log(None)

    def log(self, number: int | None) -> Row:
        return {
            "account_id": number, "ip": self.ip(), "user_agent": self.dice.choice(AGENTS),
            "path": self.dice.choice(PATHS), "at": self.ago(120),
        }  # fmt: skip

    def support_tickets(self) -> Iterator[Row]:
        for number in self.each("support_tickets", 0, 1):
            yield {
                "account_id": number, "subject": "I cannot sign in",
                "words": f"Please help, {self.people[number - 1][0]}", "opened_at": self.ago(900),
            }  # fmt: skip

    def contacts(self) -> Iterator[Row]:
        for name, mail, _, _ in self.people:
            yield {
                "email": mail, "first_name": name.split()[0], "interests": self.dice.choice(TITLES),
                "subscribed": True, "joined_on": self.ago(1200).date(),
            }  # fmt: skip
        for number in range(1000):  # people who never dealt with Hireline (P2)
            yield {
                "email": f"stranger{number}@mail.example", "first_name": self.dice.choice(FIRST), "interests": None,
                "subscribed": True, "joined_on": self.ago(300).date(),
            }  # fmt: skip

    def vendor_profiles(self) -> Iterator[Row]:
        for number, (_, mail, _, _) in enumerate(self.people, start=1):
            if number in NAMED or self.dice.random() < 0.6:
                yield {
                    "email": mail, "employer_guess": self.dice.choice(COMPANIES),
                    "inferred_salary_band": self.dice.choice(("20-40k", "40-60k", "60-80k", "over 80k")),
                    "shared_with_partners": True, "bought_on": self.ago(600).date(),
                }  # fmt: skip

    def ad_audiences(self) -> Iterator[Row]:
        for _, mail, _, _ in self.people:
            for audience in self.dice.sample(("job changers", "graduates", "remote work", "healthcare"), 2):
                yield {"email": mail, "audience": audience, "active": True, "added_on": self.ago(300).date()}

    def archived_applications(self) -> Iterator[Row]:
        for number in self.each("archived_applications", 1, 3):
            yield {
                "account_id": number, "job_title": self.dice.choice(TITLES), "cover_letter": "See my profile.",
                "outcome": "rejected", "closed_on": self.ago(420).date(),
            }  # fmt: skip


def fill(database: str, engine: sa.Engine, company: Company) -> int:
    """Make and fill the tables of one of Hireline's databases; rows written."""
    meta, rows = t.DATABASES[database], 0
    meta.create_all(engine)
    with engine.begin() as connection:
        for table in meta.sorted_tables:
            batch: list[Row] = []
            maker: Callable[[], Iterator[Row]] = getattr(company, table.name)
            for row in maker():
                batch.append(row)
                if len(batch) == AT_ONCE:
                    connection.execute(table.insert(), batch)
                    rows, batch = rows + len(batch), []
            if batch:
                connection.execute(table.insert(), batch)
                rows += len(batch)
    return rows


def company_today() -> Company:
    """The company as of today."""
    return Company(datetime.now(UTC))
