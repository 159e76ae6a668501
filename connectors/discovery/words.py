"""What names say: the words that columns and tables bear in English, German, Spanish and French. Pure.

A name is cut into its words (`billingAddr2` is billing, addr, 2), accents are dropped, and a phrase matches when its words
stand in the name next to each other.
"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

# Category -> (name for people, whether the law asks for special care).
CATEGORIES: dict[str, tuple[str, bool]] = {
    "identity": ("Identity", False),
    "identity.name": ("Name", False),
    "identity.birth": ("Date of birth", False),
    "identity.number": ("Official identity numbers", True),
    "identity.picture": ("Pictures of the person", False),
    "contact": ("Contact", False),
    "contact.email": ("E-mail address", False),
    "contact.phone": ("Phone number", False),
    "contact.address": ("Postal address", False),
    "contact.online": ("Websites and profiles", False),
    "financial": ("Payments and salary", False),
    "financial.account": ("Bank accounts and cards", False),
    "demographic": ("Demographic data", False),
    "demographic.special": ("Origin, belief, sexual life", True),
    "health": ("Health", True),
    "location": ("Location", False),
    "professional": ("Professional background", False),
    "technical": ("Technical data", False),
    "technical.address": ("IP address", False),
    "technical.device": ("Device and browser", False),
    "communication": ("What the person wrote, and what was written to them", False),
    "usage": ("Use of the service", False),
}
SECRET = "secret"  # no category: what opens a door belongs into no package


def words(text: str) -> frozenset[str]:
    """The words of a list: parted by commas where there are some, for phrases of several words, else by spaces."""
    return frozenset(one.strip() for one in text.split("," if "," in text else None))


@dataclass(frozen=True)
class Rule:
    """Phrases that mean a category. `weak`: only in a table about people; `sure`: percent when nothing else is known."""

    category: str
    phrases: tuple[str, ...]
    sure: int = 85
    weak: bool = False
    narrow: bool = False  # not even in tables that belong to people: an order's `title` is no form of address
    # Words that turn the meaning: `email` in `email_sent` is none.
    unless: frozenset[str] = frozenset()
    attribute: str = ""
    what: str = ""


def _rule(category: str, phrases: str, **more: object) -> Rule:
    unless = words(str(more.pop("unless", "")))
    return Rule(category, tuple(phrases.replace("_", " ").split(",")), unless=unless, **more)  # type: ignore[arg-type]


NOT_A_VALUE = (
    "count number sent enabled verified template type kind status subject body html text host server port id key"
)
# The first rule that matches wins: the narrow ones stand before the wide ones.
RULES: tuple[Rule, ...] = (
    _rule(SECRET, "password,passwd,pass,pwd,passwort,kennwort,contrasena,mot_de_passe,mdp,passphrase,secret,api_key,apikey,"
          "private_key,secret_key,access_key,auth_key,session_key,session_data,session_id,sessionid,otp,totp,salt,cvv,cvc,"
          "recovery_code,recovery_codes,activation_key,activation_code,reset_key,verification_code,credential,credentials,"
          "token,tokens,pin,zugangscode,jeton", sure=90, unless="changed at expires expiry type hint count", what="secrets"),
    _rule("technical.address", "ip,ip_address,ip_addr,remote_addr,client_ip,ipaddress,ip_adresse,ipadresse,direccion_ip,"
          "adresse_ip,remote_address", what="IP addresses"),
    _rule("technical.device", "user_agent,useragent,browser,device_id,cookie_id,cookie,mac_address,imei,idfa,"
          "device_fingerprint,geraet,geraete_id", what="devices and browsers"),
    _rule("contact.email", "email,e_mail,mail,mailaddress,emailaddress,emailadresse,mailadresse,correo,courriel,cc,bcc,"
          "correo_electronico,adresse_mail", unless=f"{NOT_A_VALUE} on per opt allow smtp imap pop signature footer notify"
          " tls ssl box directory import", attribute="email", what="e-mail addresses"),
    _rule("financial.account", "iban,bic,bank_account,account_iban,kontonummer,kontonr,konto_nr,compte_bancaire,"
          "cuenta_bancaria,rib,card_number,cardnumber,kreditkarte,kreditkartennummer,tarjeta,carte_bancaire,card_last_four,name_on_card,"
          "account_holder,kontoinhaber,titulaire,bankcard", what="bank accounts and cards"),
    _rule("contact.phone", "phone,phone_number,telephone,telefon,telefonnummer,telefono,tel,mobile,mobile_number,handy,"
          "handynummer,mobil,mobilnummer,movil,celular,cell,cellphone,portable,fax,rufnummer,sms_number",
          unless="verified enabled type count model", attribute="phone", what="phone numbers"),
    _rule("identity.number", "ssn,social_security,social_security_number,passport,passport_number,pass_nr,steuer_id,"
          "steuernummer,sozialversicherungsnummer,rentenversicherungsnummer,dni,nif,nie,nir,national_id,national_number,"
          "personalausweis,ausweisnummer,driver_license,drivers_license,driving_licence,fuehrerschein,tax_number,"
          "numero_de_securite_sociale,numero_securite_sociale,seguridad_social,personnummer", what="official numbers"),
    _rule("identity.birth", "birth,birth_date,birthdate,birthday,date_of_birth,dob,born,born_on,geburtsdatum,geburtstag,"
          "geburtsort,birthplace,fecha_nacimiento,fecha_de_nacimiento,nacimiento,date_naissance,date_de_naissance,naissance",
          what="dates or places of birth"),
    _rule("identity.name", "first_name,firstname,given_name,givenname,forename,vorname,prenom,primer_nombre,middle_name,"
          "middlename,fname", attribute="first_name", what="first names"),
    _rule("identity.name", "last_name,lastname,surname,family_name,familyname,nachname,familienname,apellido,apellidos,"
          "nom_de_famille,maiden_name,geburtsname,lname", attribute="last_name", what="last names"),
    _rule("identity.name", "full_name,fullname,real_name,display_name,contact_name,customer_name,client_name,recipient_name,"
          "sender_name,author_name,person_name,employee_name,patient_name,member_name,guest_name,user_full_name,"
          "legal_name,nombre_completo,nom_complet,ansprechpartner,kundenname,contact_person,kontaktperson,beneficiary",
          attribute="full_name", what="names of people"),
    _rule("identity", "username,user_name,login,login_name,nickname,nick,screen_name,benutzername,benutzer_name,usuario,"
          "nombre_usuario,identifiant,nom_utilisateur,pseudo,anmeldename,handle,userid",
          unless="at count last time date attempts required template", what="user names"),
    _rule("identity", "salutation,anrede,civilite,tratamiento,honorific,initials,initialen,namenszusatz",
          what="forms of address"),
    _rule("demographic.special", "religion,konfession,race,ethnicity,ethnic_origin,ethnie,sexual_orientation,political_party,"
          "union_member,gewerkschaft,sindicato,syndicat", what="origin or belief"),
    _rule("demographic", "gender,sex,geschlecht,sexo,sexe,genero,nationality,staatsangehoerigkeit,nacionalidad,nationalite,"
          "marital_status,familienstand,estado_civil,age,alter,edad", unless="alter_table", what="demographic facts"),
    _rule("health", "diagnosis,diagnose,medication,allergies,allergy,blood_type,blutgruppe,disability,behinderung,krankheit,"
          "enfermedad,maladie,symptoms,treatment,behandlung,insurance_number,versichertennummer", what="health"),
    _rule("location", "latitude,longitude,lat,lng,lon,gps,geo_location,geolocation,coordinates,standort,ubicacion",
          what="places on the map"),
    _rule("contact.address", "street,street_address,strasse,str,hausnummer,house_number,address_line,address1,address2,"
          "address3,line1,line2,line3,line4,line_1,line_2,address_1,address_2,postcode,post_code,postal_code,zip,zipcode,"
          "zip_code,plz,postleitzahl,codigo_postal,code_postal,city,town,ort,wohnort,stadt,ciudad,ville,calle,rue,adresse,"
          "anschrift,direccion,domicilio,postal_address,mailing_address,home_address,shipping_address,billing_address,"
          "lieferadresse,rechnungsadresse,address", weak=False, sure=75, unless="id type is default num mac web", attribute="",
          what="postal addresses"),
    _rule("financial", "salary,gehalt,salario,salaire,income,einkommen,wage,lohn,credit_score,schufa", what="pay or credit"),
    _rule("professional", "job_title,occupation,beruf,profession,employer,arbeitgeber,empleador,employeur,puesto,lebenslauf,"
          "resume,curriculum,cv,education,skills,qualifications", sure=75, what="work"),
    _rule("identity.picture", "avatar,photo,foto,portrait,profile_picture,profilbild,profile_image,selfie,signature,"
          "unterschrift", sure=70, weak=True, what="pictures or signatures"),
    _rule("contact.online", "homepage,website,web_site,webseite,twitter,linkedin,facebook,instagram,github,skype,telegram,"
          "whatsapp,xing,mastodon", sure=70, weak=True, what="websites and profiles"),
    # From here on names that mean something else as often: they count in tables about people only.
    _rule("identity.name", "name,nombre,nom,nombres", sure=60, weak=True, narrow=True, attribute="full_name",
          unless="file filename type code class template model app field key table column company firma empresa site",
          what="names, and the table is about people"),
    _rule("identity.name", "who,author,autor,auteur,sender,recipient,empfaenger,absender,owner,"
          "user,customer,requester,reporter,contact,kontakt,person,submitter,addressee", sure=55, weak=True,
          unless="file filename type code class template model app field key table column", what="names, perhaps of people"),
    _rule("contact.address", "state,province,region,country,land,pais,pays,bundesland,provincia,county,search_text",
          sure=50, weak=True, unless="machine workflow", what="parts of an address"),
    _rule("identity", "title,titel,titre,titulo", sure=45, weak=True, narrow=True, what="forms of address"),
    _rule("professional", "company,firma,empresa,entreprise,organisation,organization,department,abteilung,position",
          sure=45, weak=True, narrow=True, what="work"),
    _rule("communication", "message,messages,body,comment,comments,note,notes,text,content,subject,remark,remarks,bemerkung,"
          "bemerkungen,notiz,notizen,kommentar,nachricht,betreff,inhalt,mensaje,comentario,nota,notas,asunto,texto,"
          "remarque,commentaire,objet,texte,review,feedback,bio,about,description,beschreibung,descripcion,question,"
          "answer,resolution,reply,headline,summary,cover_letter,motivation,instructions,reason,query,search,biography,"
          "old_value,new_value,payload,filename,file_name,attachment,dateiname,anhang", sure=60, weak=True,
          unless="type format is has count template id mime size", what="free text"),
)  # fmt: skip
# What tables about people are called.
PEOPLE = words(
    "user users customer customers client clients person persons people member members contact contacts account "
    "accounts employee employees patient patients candidate candidates applicant applicants subscriber "
    "subscribers guest guests profile profiles student students teacher teachers visitor visitors donor donors "
    "tenant tenants attendee attendees kunde kunden nutzer benutzer mitarbeiter mitglied mitglieder patienten "
    "bewerber personen ansprechpartner teilnehmer cliente clientes usuario usuarios empleado empleados persona "
    "personas paciente miembro contacto contactos utilisateur utilisateurs employe employes personne personnes "
    "membre membres salarie salaries abonne abonnes address addresses adresse adressen useraddress "
    "shippingaddress billingaddress recipient recipients"
)
# Tables about something else, whatever stands in them.
THINGS = words(
    "permission permissions group groups type types category categories template templates setting settings "
    "config migration migrations product products catalogue country countries currency tax language site sites "
    "flatpage"
    " queue queues mailbox mailboxes department departments store stores warehouse branch branches channel channels"
)
# Links that name a colleague who did something to the row: the row is not about them.
ACTING = words("assigned to,assignee,editor,moderator,approver,last editor,bearbeiter,angelegt von,geaendert von")
# ... as every link that ends in "by" does, but for these: they name whom the row is about.
OWN_DEED = words("ordered requested reported submitted sent written owned paid booked asked posted rated")


def spoken(name: str) -> list[str]:
    """The words of a name, in lower case and without accents."""
    plain = unicodedata.normalize(
        "NFKD", name.replace("ß", "ss").replace("ä", "ae").replace("ö", "oe").replace("ü", "ue")
    )
    plain = "".join(one for one in plain if not unicodedata.combining(one))
    return [one.lower() for one in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+", plain)]


def says(name: str, phrases: Iterable[str]) -> bool:
    """Whether the words of one of the phrases stand in the name next to each other."""
    said = spoken(name)
    text, tight = f" {' '.join(said)} ", f" {''.join(said)} "
    return any(f" {one} " in text or f" {one.replace(' ', '')} " in tight for one in phrases)


def rule_of(name: str, *, people: bool, linked: bool = False) -> Rule | None:
    """The first rule that a column's name fits; weak ones only in a table about people or, but for narrow ones, in one
    whose rows belong to people (`linked`).
    """
    said = set(spoken(name))
    for one in RULES:
        if (
            (people or not one.weak or (linked and not one.narrow))
            and says(name, one.phrases)
            and not said & one.unless
        ):
            return one
    return None


def is_thing(table: str) -> bool:
    """Whether a table is called by something that is no person: a queue, a store, a product."""
    return (spoken(table.rpartition(".")[2]) or [""])[-1] in THINGS


def acting(link: str) -> bool:
    """Whether a link names whoever worked on the row, rather than whom the row is about."""
    said = [one for one in spoken(link) if one != "id"]
    deed = len(said) > 1 and said[-1] == "by" and said[-2] not in OWN_DEED
    return deed or says(link, ACTING)
