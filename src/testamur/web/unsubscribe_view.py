"""What the page says on which mails are stopped, in every language."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from testamur.core.languages import direction_of, language_of


@dataclass(frozen=True, slots=True)
class Words:
    """The words of the page in one language; `{who}` is the institution."""

    title: str
    ask: str
    hint: str
    stop: str
    done: str
    done_hint: str
    undo: str
    undone: str
    undone_hint: str
    nothing: str
    nothing_hint: str


CATALOGUE: Mapping[str, Words] = {
    "en": Words(
        title="Mails from {who}",
        ask="No more mails from {who}?",
        hint="You will not be written to about certificates any more. Those that you "
        "have stay yours.",
        stop="Unsubscribe",
        done="You get no more mails from {who}",
        done_hint="Your address is on the list of those who are not written to. You "
        "can close this page.",
        undo="That was a mistake: write to me again",
        undone="You get mails from {who} again",
        undone_hint="Your address was taken off the list. You can close this page.",
        nothing="This link leads nowhere",
        nothing_hint="It may have been copied in part. Open it from the mail itself.",
    ),
    "es": Words(
        title="Correos de {who}",
        ask="¿No recibir más correos de {who}?",
        hint="Ya no se le escribirá sobre certificados. Los que tiene siguen siendo "
        "suyos.",
        stop="Cancelar la suscripción",
        done="Ya no recibirá correos de {who}",
        done_hint="Su dirección está en la lista de quienes no reciben correos. Puede "
        "cerrar esta página.",
        undo="Fue un error: quiero volver a recibirlos",
        undone="Volverá a recibir correos de {who}",
        undone_hint="Su dirección se ha quitado de la lista. Puede cerrar esta página.",
        nothing="Este enlace no lleva a ninguna parte",
        nothing_hint="Quizá se copió solo en parte. Ábralo desde el propio correo.",
    ),
    "fr": Words(
        title="Courriels de {who}",
        ask="Ne plus recevoir de courriels de {who} ?",
        hint="On ne vous écrira plus au sujet de certificats. Ceux que vous avez "
        "restent à vous.",
        stop="Se désabonner",
        done="Vous ne recevrez plus de courriels de {who}",
        done_hint="Votre adresse figure sur la liste de celles auxquelles on n’écrit "
        "plus. Vous pouvez fermer cette page.",
        undo="C’était une erreur : écrivez-moi de nouveau",
        undone="Vous recevrez de nouveau les courriels de {who}",
        undone_hint="Votre adresse a été retirée de la liste. Vous pouvez fermer cette "
        "page.",
        nothing="Ce lien ne mène nulle part",
        nothing_hint="Il a peut-être été copié en partie. Ouvrez-le depuis le courriel "
        "lui-même.",
    ),
    "pt": Words(
        title="E-mails de {who}",
        ask="Não receber mais e-mails de {who}?",
        hint="Não lhe será mais escrito sobre certificados. Os que já tem continuam "
        "sendo seus.",
        stop="Cancelar a inscrição",
        done="Não receberá mais e-mails de {who}",
        done_hint="O seu endereço está na lista dos que não recebem e-mails. Pode "
        "fechar esta página.",
        undo="Foi um engano: quero voltar a receber",
        undone="Voltará a receber e-mails de {who}",
        undone_hint="O seu endereço foi retirado da lista. Pode fechar esta página.",
        nothing="Esta ligação não leva a lugar nenhum",
        nothing_hint="Talvez tenha sido copiada só em parte. Abra-a a partir do "
        "próprio e-mail.",
    ),
    "ar": Words(
        title="رسائل {who}",
        ask="هل تريد إيقاف الرسائل من {who}؟",
        hint="لن نراسلك بعد الآن بشأن الشهادات. الشهادات التي لديك تبقى لك.",
        stop="إلغاء الاشتراك",
        done="لن تصلك رسائل من {who} بعد الآن",
        done_hint="أُضيف عنوانك إلى قائمة من لا نراسلهم. يمكنك إغلاق هذه الصفحة.",
        undo="كان ذلك خطأً: أريد تلقّي الرسائل من جديد",
        undone="ستصلك رسائل {who} من جديد",
        undone_hint="أُزيل عنوانك من القائمة. يمكنك إغلاق هذه الصفحة.",
        nothing="هذا الرابط لا يؤدي إلى أي مكان",
        nothing_hint="ربما نُسخ جزء منه فقط. افتحه من الرسالة نفسها.",
    ),
    "zh": Words(
        title="{who} 的邮件",
        ask="不再接收 {who} 的邮件?",
        hint="我们将不再就证书事宜给您写信。您已有的证书仍归您所有。",
        stop="退订",
        done="您将不再收到 {who} 的邮件",
        done_hint="您的地址已列入不再发送的名单。您可以关闭此页面。",
        undo="这是误操作:请继续给我发邮件",
        undone="您将重新收到 {who} 的邮件",
        undone_hint="您的地址已从名单中移除。您可以关闭此页面。",
        nothing="此链接无效",
        nothing_hint="链接可能只复制了一部分。请直接从邮件中打开。",
    ),
}


def unsubscribe_fields(
    wish: str | None, *, who: str, state: str, action: str
) -> dict[str, Any]:
    """Return what the page is made of: *state* is ask, done, undone or nothing."""
    language = language_of(wish)
    words = CATALOGUE[language]
    said = {
        one.name: getattr(words, one.name).replace("{who}", who)
        for one in fields(words)
    }
    return {
        "language": language,
        "direction": direction_of(language),
        "words": said,
        "state": state,
        "action": f"{action}?l={language}",
    }
