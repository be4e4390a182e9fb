"""What the recipient of a certificate is written, in each language."""

from collections.abc import Mapping
from dataclasses import dataclass
from unicodedata import bidirectional

from testamur.core.languages import direction_of, language_of

from .letter import Letter


@dataclass(frozen=True, slots=True)
class _Words:
    """One language's; `{issuer}`, `{title}`, `{recipient}`, `{reference}` are given."""

    subject: str
    heading: str
    dear: str
    said: str
    about_page: str
    link: str
    reference: str
    unexpected: str


WORDS: Mapping[str, _Words] = {
    "en": _Words(
        "Your certificate: {title}",
        "{issuer} issued you a certificate",
        "Dear {recipient},",
        "{issuer} issued you the certificate “{title}”.",
        "The page below shows it, to look at and to download. Anybody whom you send "
        "its address can see that it is genuine. You need no account.",
        "See the certificate",
        "Its reference number is {reference}.",
        "If you did not expect this, you need not do anything.",
    ),
    "es": _Words(
        "Su certificado: {title}",
        "{issuer} le ha expedido un certificado",
        "Estimado/a {recipient}:",
        "{issuer} le ha expedido el certificado «{title}».",
        "Puede verlo y descargarlo en la página siguiente. Toda persona a quien envíe "
        "la dirección podrá comprobar que es auténtico. No necesita ninguna cuenta.",
        "Ver el certificado",
        "Su número de referencia es {reference}.",
        "Si no esperaba este mensaje, no tiene que hacer nada.",
    ),
    "fr": _Words(
        "Votre certificat : {title}",
        "{issuer} vous a délivré un certificat",
        "Bonjour {recipient},",
        "{issuer} vous a délivré le certificat « {title} ».",
        "La page ci-dessous permet de le consulter et de le télécharger. Toute "
        "personne à qui vous enverrez son adresse pourra vérifier qu’il est "
        "authentique. Aucun compte n’est nécessaire.",
        "Voir le certificat",
        "Son numéro de référence est {reference}.",
        "Si vous n’attendiez pas ce message, vous n’avez rien à faire.",
    ),
    "pt": _Words(
        "O seu certificado: {title}",
        "{issuer} emitiu um certificado em seu nome",
        "Prezado(a) {recipient},",
        "{issuer} emitiu em seu nome o certificado “{title}”.",
        "Na página abaixo pode vê-lo e descarregá-lo. Qualquer pessoa a quem enviar o "
        "endereço pode verificar que é autêntico. Não é necessária uma conta.",
        "Ver o certificado",
        "O número de referência é {reference}.",
        "Se não esperava esta mensagem, não precisa de fazer nada.",
    ),
    "ar": _Words(
        "شهادتك: {title}",
        "أصدرت لك {issuer} شهادة",
        "السيد/ة {recipient}،",
        "أصدرت لك {issuer} شهادة «{title}».",
        "تعرض الصفحة أدناه الشهادة للاطلاع والتنزيل. ويمكن لكل من ترسل إليه عنوانها "
        "أن يتحقق من صحتها. لا تحتاج إلى حساب.",
        "عرض الشهادة",
        "الرقم المرجعي: {reference}.",
        "إذا لم تكن تتوقع هذه الرسالة فلا داعي لفعل أي شيء.",
    ),
    "zh": _Words(
        "您的证书：{title}",
        "{issuer}向您颁发了一份证书",
        "尊敬的{recipient}：",
        "{issuer}向您颁发了证书“{title}”。",
        "您可以在下面的页面查看和下载证书。收到该页面地址的任何人都可以核实其真实性。"
        "您无需注册账户。",
        "查看证书",
        "证书编号：{reference}。",
        "如果您并未期待收到此邮件，无需进行任何操作。",
    ),
}

#: Around what is written in another direction (UAX #9): FSI and PDI.
_ISOLATED = "\u2068{}\u2069"

_LETTERS = {"rtl": {"R", "AL"}, "ltr": {"L"}}


def certificate_letter(
    *,
    issuer: str,
    recipient: str,
    title: str,
    reference: str,
    url: str,
    language: str,
) -> Letter:
    """Return the letter that tells *recipient* of their certificate at *url*."""
    language = language_of(language)
    words = WORDS[language]
    told = {
        "issuer": issuer,
        "title": title,
        "recipient": recipient,
        "reference": reference,
    }
    told = {name: _isolated(value, language) for name, value in told.items()}
    return Letter(
        from_name=issuer,
        to_name=recipient,
        subject=words.subject.format(**told),
        heading=words.heading.format(**told),
        lines=(
            words.dear.format(**told),
            words.said.format(**told),
            words.about_page,
        ),
        link=(words.link, url),
        closing=(words.reference.format(**told), words.unexpected),
        language=language,
        is_bulk=True,
    )


def _isolated(text: str, language: str) -> str:
    """Keep letters of another direction from pulling the words around them along."""
    other = _LETTERS["ltr" if direction_of(language) == "rtl" else "rtl"]
    if any(bidirectional(one) in other for one in text):
        return _ISOLATED.format(text)
    return text
