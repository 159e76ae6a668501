"""Fills the scratch shop through django-oscar's own models. Run by `make foreign` in the shop's environment.

SHOP_DATABASE=... DJANGO_SETTINGS_MODULE=oscar_settings python oscar_fill.py
"""

import datetime
import random
from decimal import Decimal

import django
from django.core.management import call_command

django.setup()

from django.contrib.auth import get_user_model  # noqa: E402
from django.db import transaction  # noqa: E402
from django.utils import timezone  # noqa: E402
from oscar.core.loading import get_model  # noqa: E402

User = get_user_model()
Country = get_model("address", "Country")
UserAddress = get_model("address", "UserAddress")
Basket = get_model("basket", "Basket")
BasketLine = get_model("basket", "Line")
Product = get_model("catalogue", "Product")
ProductClass = get_model("catalogue", "ProductClass")
Partner = get_model("partner", "Partner")
StockRecord = get_model("partner", "StockRecord")
Order = get_model("order", "Order")
OrderLine = get_model("order", "Line")
OrderNote = get_model("order", "OrderNote")
ShippingAddress = get_model("order", "ShippingAddress")
BillingAddress = get_model("order", "BillingAddress")
ProductReview = get_model("reviews", "ProductReview")
Vote = get_model("reviews", "Vote")
UserSearch = get_model("analytics", "UserSearch")
UserProductView = get_model("analytics", "UserProductView")
UserRecord = get_model("analytics", "UserRecord")
Email = get_model("communication", "Email")
Notification = get_model("communication", "Notification")
ProductAlert = get_model("customer", "ProductAlert")
WishList = get_model("wishlists", "WishList")
WishListLine = get_model("wishlists", "Line")
SourceType = get_model("payment", "SourceType")
Source = get_model("payment", "Source")

FIRST = ["Ada", "Boris", "Chidi", "Dilek", "Elif", "Farid", "Greta", "Hugo", "Ines", "Jun", "Kofi", "Lena"]
LAST = ["Adler", "Baker", "Cohen", "Duarte", "Eriksen", "Fischer", "Garcia", "Hansen", "Ito", "Jansen"]
PEOPLE = 200


def address(dice: random.Random, first: str, last: str, country: object) -> dict[str, object]:
    return {
        "first_name": first,
        "last_name": last,
        "line1": f"{dice.randint(1, 99)} Harbour Street",
        "line4": "Rotterdam",
        "postcode": f"{dice.randint(1000, 9999)} AB",
        "country": country,
    }


def shelf() -> list[object]:
    kind = ProductClass.objects.create(name="Book")
    partner = Partner.objects.create(name="Warehouse", code="warehouse")
    products = []
    for number in range(40):
        product = Product.objects.create(title=f"Book {number}", product_class=kind, slug=f"book-{number}")
        StockRecord.objects.create(
            product=product, partner=partner, partner_sku=f"sku-{number}", price=Decimal("12.50"), num_in_stock=100
        )
        products.append(product)
    return products


def order(dice: random.Random, number: int, user: object, products: list[object], country: object) -> None:
    basket = Basket.objects.create(owner=user, status="Submitted")
    where = address(dice, user.first_name, user.last_name, country)
    row = Order.objects.create(
        number=f"1{number:05}",
        basket=basket,
        user=user,
        currency="EUR",
        total_incl_tax=Decimal("25"),
        total_excl_tax=Decimal("20"),
        shipping_address=ShippingAddress.objects.create(**where, phone_number="+31101234567"),
        billing_address=BillingAddress.objects.create(**where),
        date_placed=timezone.now() - datetime.timedelta(days=dice.randint(1, 900)),
    )
    for product in dice.sample(products, 2):
        stock = product.stockrecords.first()
        prices = dict.fromkeys(
            (
                "line_price_incl_tax",
                "line_price_excl_tax",
                "line_price_before_discounts_incl_tax",
                "line_price_before_discounts_excl_tax",
            ),
            Decimal("12.50"),
        )
        OrderLine.objects.create(
            order=row, product=product, stockrecord=stock, title=product.title, quantity=1, num_allocated=0, **prices
        )
    OrderNote.objects.create(order=row, user=user, note_type="Customer", message=f"Please ring {user.first_name}")
    Source.objects.create(
        order=row, source_type=SourceType.objects.get_or_create(name="Card")[0], currency="EUR", label=user.email
    )


def customer(dice: random.Random, number: int, products: list[object], country: object, before: list[object]) -> object:
    # Nobody else bears the first one's name, so that a search for it afterwards finds what was left of them.
    first, last = ("Bruno", "Fischer") if number == 0 else (dice.choice(FIRST), dice.choice(LAST))
    mail = f"{first}.{last}{number}@shop.example".lower()
    user = User.objects.create_user(f"user{number}", mail, "not-a-password", first_name=first, last_name=last)
    UserAddress.objects.create(user=user, **address(dice, first, last, country), phone_number="+31101234567")
    for turn in range(dice.randint(1, 4)):
        order(dice, number * 10 + turn, user, products, country)
    for product in dice.sample(products, 3):
        ProductReview.objects.create(product=product, user=user, score=4, title="Good", body=f"{first} liked it")
        UserProductView.objects.create(user=user, product=product)
    UserRecord.objects.get_or_create(user=user)
    UserSearch.objects.create(user=user, query=f"books about {last}")
    Email.objects.create(user=user, email=mail, subject=f"Welcome {first}", body_text=f"Dear {first} {last}")
    ProductAlert.objects.create(user=user, product=products[0], email=mail, status="Active", key=f"key{number}")
    wishes = WishList.objects.create(owner=user, name=f"Wishes of {first}")
    WishListLine.objects.create(wishlist=wishes, product=products[1], title="Book 1")
    if before:
        other = dice.choice(before)
        # Two people in one row: one tells the other something; one votes on the other's review.
        Notification.objects.create(
            sender=user, recipient=other, subject=f"{first} recommends a book", body=f"Greetings from {first} {last}"
        )
        Vote.objects.create(review=ProductReview.objects.filter(user=other).first(), user=user, delta=1)
    return user


def main() -> None:
    call_command("migrate", verbosity=0, skip_checks=True)
    dice = random.Random(2026)
    with transaction.atomic():
        country = Country.objects.create(
            iso_3166_1_a2="NL", printable_name="Netherlands", name="Netherlands", is_shipping_country=True
        )
        products, people = shelf(), []
        for number in range(PEOPLE):
            people.append(customer(dice, number, products, country, people))
    print(f"{len(people)} customers, {Order.objects.count()} orders, {ProductReview.objects.count()} reviews")
    print(f"first customer: {people[0].email}")


if __name__ == "__main__":
    main()
