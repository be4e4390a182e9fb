"""
Invented people, in the scripts that people write.

Each line is one group: given names, then family names, and how they are put
together. Where a family name has a form of its own for women, the groups are apart.
"""

from collections.abc import Callable, Iterator

GIVEN_FIRST = "{given} {family}"
FAMILY_FIRST = "{family} {given}"
FAMILY_FIRST_CLOSED = "{family}{given}"

# fmt: off
GROUPS: tuple[tuple[str, str, str], ...] = (
    # English, Irish, Scottish
    ("Alice Grace Noah Oliver Ruth Samuel", "Baker Carter Hughes O’Brien MacLeod Shaw",
     GIVEN_FIRST),
    # German
    ("Anneliese Jürgen Käthe Lukas Maximilian Sören",
     "Grünwald Köhler Müller-Lüdenscheidt Schäfer Strauß Weiß", GIVEN_FIRST),
    # French
    ("Chloé Éloïse François Hélène Léa Théo",
     "Bérenger Dubois Lefèvre L’Hôpital Moreau Saint-Étienne", GIVEN_FIRST),
    # Spanish and Portuguese: two family names
    ("Begoña Iñigo Lucía Martín", "García_Núñez Ibáñez_Peña Muñoz_Vidal Ortúzar_Vega",
     GIVEN_FIRST),
    ("Inês João Lourenço Conceição", "Araújo_Lopes Simões_Falcão Magalhães_Sá",
     GIVEN_FIRST),
    # Polish
    ("Agnieszka Łucja Małgorzata Zofia", "Dąbrowska Kowalska Wiśniewska Zając",
     GIVEN_FIRST),
    ("Krzysztof Łukasz Michał Stanisław", "Dąbrowski Kowalski Wiśniewski Zając",
     GIVEN_FIRST),
    # Czech
    ("Jiřina Kateřina Ludmila Zdeňka", "Dvořáková Nováková Růžičková Šťastná",
     GIVEN_FIRST),
    ("Bořivoj Jiří Ondřej Zdeněk", "Dvořák Novák Růžička Šťastný", GIVEN_FIRST),
    # Hungarian
    ("Ágnes Győző István Zsófia", "Erdős Kovács Szőke Tóth", FAMILY_FIRST),
    # Turkish
    ("Ayşe Çağlar Gülşah İbrahim", "Aydın Çelik Öztürk Yıldız", GIVEN_FIRST),
    # Icelandic
    ("Guðrún Sigríður Þóra", "Björnsdóttir Einarsdóttir Þórsdóttir", GIVEN_FIRST),
    ("Björn Sigurður Þórður", "Björnsson Einarsson Þórsson", GIVEN_FIRST),
    # Vietnamese
    ("Thị_Hương Ngọc_Ánh Văn_Dũng Quốc_Bảo", "Đặng Lê Nguyễn Trần", FAMILY_FIRST),
    # Yoruba
    ("Adébáyọ̀ Fọlákẹ́ Ṣadé Olúwaṣeun", "Adéwálé Akíntọ́lá Ọláìyá Ọ̀ṣúndáre",
     GIVEN_FIRST),
    # Māori
    ("Anahera Hinemoa Mānu Wiremu", "Ngata Parata Pōtiki Tāmihana", GIVEN_FIRST),
    # Greek
    ("Αικατερίνη Ελένη Σοφία", "Αγγελοπούλου Νικολάου Παπαδοπούλου", GIVEN_FIRST),
    ("Γεώργιος Δημήτρης Οδυσσέας", "Αγγελόπουλος Νικολάου Παπαδόπουλος",
     GIVEN_FIRST),
    # Ukrainian
    ("Ганна Іванна Олена Оксана", "Бондаренко Коваленко Шевчук Яценко",
     GIVEN_FIRST),
    ("Андрій Богдан Дмитро Юрій", "Бондаренко Коваленко Шевчук Яценко",
     GIVEN_FIRST),
    # Bulgarian
    ("Десислава Мария Цветелина", "Георгиева Димитрова Петрова", GIVEN_FIRST),
    ("Георги Красимир Стоян", "Георгиев Димитров Петров", GIVEN_FIRST),
    # Armenian
    ("Անահիտ Արամ Հայկ Նարե", "Գրիգորյան Հակոբյան Պետրոսյան Սարգսյան",
     GIVEN_FIRST),
    # Georgian
    ("გიორგი ლევან ნინო თამარ", "ბერიძე კაპანაძე მაისურაძე წიკლაური",
     GIVEN_FIRST),
    # Hebrew
    ("אברהם יעל נועה שירה", "כהן לוי מזרחי פרידמן", GIVEN_FIRST),
    # Arabic
    ("أحمد خديجة عبد_الرحمن فاطمة ليلى يوسف", "الحسن العلي المصري حداد سعيد منصور",
     GIVEN_FIRST),
    # Persian
    ("آرش پریسا ژاله کیانوش", "احمدی چراغی گلستانی نوروزی", GIVEN_FIRST),
    # Urdu
    ("عائشہ بلال ثمینہ", "چوہدری خان قریشی", GIVEN_FIRST),
    # Hindi
    ("अनिल कृष्णा प्रिया लक्ष्मी", "गुप्ता मिश्रा शर्मा सिंह", GIVEN_FIRST),
    # Bengali
    ("অনন্যা রহিম সুমন", "চৌধুরী মজুমদার সরকার", GIVEN_FIRST),
    # Tamil: the father's initial comes first
    ("கார்த்திக் மீனாட்சி செல்வி", "கு. ரா. மு.", FAMILY_FIRST),
    # Telugu
    ("శ్రీనివాస్ లక్ష్మి", "రెడ్డి రావు", GIVEN_FIRST),
    # Sinhala
    ("නිමල් කුමාරි", "පෙරේරා සිල්වා", GIVEN_FIRST),
    # Thai
    ("กนกวรรณ ณัฐพล สมชาย", "แก้วมณี ใจดี ศรีสุข", GIVEN_FIRST),
    # Amharic: the father's name follows
    ("ሰላም ተስፋዬ ሃና", "በቀለ ከበደ ወልደማርያም", GIVEN_FIRST),
    # Chinese, in simplified and in traditional characters
    ("伟 芳 秀英 子涵", "李 王 张 欧阳", FAMILY_FIRST_CLOSED),
    ("淑芬 家豪 雅婷 志明", "陳 林 黃 司馬", FAMILY_FIRST_CLOSED),
    # Japanese
    ("さくら 太郎 陽子 健一", "佐藤 鈴木 高橋 渡邉", FAMILY_FIRST),
    # Korean
    ("민준 서연 지우 하은", "김 박 이 최", FAMILY_FIRST_CLOSED),
)
# fmt: on


def people(randrange: Callable[[int], int]) -> Iterator[str]:
    """Give names for ever: each group in its turn, and one of its names by chance."""
    groups = [(given.split(), family.split(), form) for given, family, form in GROUPS]
    while True:
        for given, family, form in groups:
            yield form.format(
                given=given[randrange(len(given))],
                family=family[randrange(len(family))],
            ).replace("_", " ")
