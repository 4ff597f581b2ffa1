import { foldWord } from './fold.ts';

/** Splits a table of words at commas and folds each, so that the tables read as people write. */
function words(table: string): readonly string[] {
  return table.split(',').map((word) => foldWord(word.trim()));
}

/** Opt-out whatever follows, when they come first. FCC 47 CFR 64.1200(a)(10), Twilio's and AWS's lists, and ours. */
export const STRONG_STOP: ReadonlySet<string> = new Set([
  ...words('stop, stopall, stop all, unsubscribe, unsubscribed, unsub, optout, opt out'),
  ...words(
    'стоп, отписка, отписаться, отписать, отпишите, отпиши, отпишись, отпишитесь, отписываюсь, стопвсе, стоп все',
  ),
  ...words('arret, desabonner, desinscrire'),
  // "Стоп" and "stop" on the other keyboard layout, and "stop" as Russians spell and mistype it.
  ...words('cnjg, ыещз, stoп, стop, stopp, стопп, stp'),
]);

/** "Don't" falls apart at its apostrophe. */
const NOT = ['do not', 'don t', 'dont'];

/** Opt-out only when nothing of substance stands beside them: each has another meaning in a sentence. */
export const WEAK_STOP: ReadonlySet<string> = new Set([
  ...words('end, quit, cancel, revoke, remove, off, stopped, stop it, no more, leave me alone, take off'),
  ...NOT.flatMap((not) => words(`${not} contact, ${not} text me, ${not} message me, ${not} text, ${not} message`)),
  ...NOT.flatMap((not) => words(`${not} text me again, ${not} text me anymore, ${not} message me again`)),
  ...words('отмена, отменить, отмените, отказ, отказаться, отказываюсь, хватит, остановить, остановите, прекратить'),
  ...words('прекратите, отключить, отключите, отключить рассылку, отмена подписки, отменить подписку'),
  ...words(
    'не беспокоить, не беспокойте, не писать, не пишите, не пиши, не присылать, не присылайте, не слать, не шлите',
  ),
  ...['хватит', 'прекратите', 'прекратить', 'прекрати', 'перестаньте', 'не надо', 'не нужно'].flatMap((enough) =>
    words(`${enough} писать, ${enough} слать, ${enough} присылать, ${enough} отправлять, ${enough} спамить`),
  ),
  ...words('удалить, удалите, уберите, исключите, выкл, выключить, конец'),
  ...words('لغو, توقف, لغو اشتراک, لغو عضویت, لغو پیامک, قطع, انصراف, ایست, استاپ, متوقف, حذف, خاموش, نفرستید'),
  ...words('دیگر پیام ندهید, دیگر پیامک ندهید'),
  ...words('پیامک ندهید, پیام ندهید, پیامک نفرستید, پیام نفرستید, ارسال نکنید, مزاحم نشوید'),
]);

export const START: ReadonlySet<string> = new Set([
  ...words('start, unstop, subscribe, resume, optin, opt in'),
  ...words('старт, начать, начни, начните, подписка, подписаться, подпишите, возобновить, возобновите, включить, вкл'),
  ...words('شروع, آغاز, استارت, اشتراک, از سرگیری, cnfhn, ыефке'),
]);

export const HELP: ReadonlySet<string> = new Set([
  ...words('help, help me, info, information, aide'),
  ...words('помощь, помоги, помогите, нужна помощь, справка, инфо, информация, хелп, помощ'),
  ...words('راهنما, راهنمایی, کمک, کمک کنید, کمکم کنید, اطلاعات, پشتیبانی, gjvjom, рудз'),
]);

/** Latin words that people of every language write. */
export const EVERYBODYS_WORDS: ReadonlySet<string> = new Set(
  words('stop, stopall, start, unstop, help, info, ok, okay, sms, vip'),
);

/** Said beside anything and asking for nothing. */
export const COURTESY: ReadonlySet<string> = new Set([
  ...words(
    'please, pls, plz, thanks, thank, you, thx, ty, hi, hello, hey, dear, ok, okay, yes, sir, team, good, morning',
  ),
  ...words('day, evening, kindly, now, regards, bye, sorry'),
  ...words(
    'пожалуйста, пожалуста, пжл, пжлст, плиз, плз, спасибо, спс, благодарю, здравствуйте, здрасьте, привет, добрый',
  ),
  ...words(
    'доброе, доброго, день, дня, утро, вечер, да, ок, ладно, хорошо, уважаемые, извините, будьте, добры, заранее',
  ),
  ...words(
    'لطفا, لطفاً, ممنون, ممنونم, مرسی, متشکرم, سپاس, تشکر, با, سلام, بله, آره, باشه, وقت, بخیر, روز, خسته, نباشید, عزیز',
  ),
  ...words('merci, svp, bonjour'),
]);

/** Around an opt-out word they change nothing: "I want to unsubscribe from your messages". */
export const OPT_OUT_FILLER: ReadonlySet<string> = new Set([
  ...words(
    'i, want, would, like, to, me, my, us, from, the, this, these, your, all, any, it, sending, receiving, texting, can',
  ),
  ...words('messages, message, msgs, msg, sms, texts, text, list, mailing, ads, spam, everything, number'),
  ...words('could, again, anymore, subscription, subscriptions'),
  ...words(
    'я, хочу, хотел, хотела, бы, прошу, мне, меня, нам, от, из, с, на, ваш, ваши, вашей, ваших, вашу, эту, этой, это',
  ),
  ...words(
    'мой, моего, номер, номера, рассылка, рассылки, рассылку, рассылок, смс, смски, сообщения, сообщений, спам, реклама',
  ),
  ...words('рекламу, рекламы, все, всех, всё, больше, уже, сюда, подписка, подписки, подписку'),
  ...words(
    'من, را, از, این, به, برای, می, خواهم, میخواهم, شود, کنید, کن, ارسال, پیامک, پیام, پیامها, پیامکها, تبلیغات',
  ),
  ...words('تبلیغاتی, اشتراک, عضویت, دیگر, همه, شماره'),
]);

/** Words for the thing itself; they may be glued to its number. */
export const CARD_WORDS: ReadonlySet<string> = new Set([
  ...words('card, cards, cardno, cardnumber, cardnum, loyalty, bonus, no, nr, num, number, n, id'),
  ...words('карта, карты, карту, картой, карте, карточка, карточки, карточку, номер, номера, ном, бонусная, скидочная'),
  ...words('картa, karta, kart, kartochka, nomer, kard'),
  ...words('کارت, کارتم, شماره, شماره کارت, باشگاه, کارتخوان'),
]);

/** Said beside a switch code, also in answer to what our own texts ask. No word that says no. */
export const CODE_WORDS: ReadonlySet<string> = new Set([
  ...words('code, pin, my, your, is, the, confirm, confirmation, it, here, this, from, sms'),
  ...words('i, agree, agreed, replace, switch'),
  ...words('код, кода, кодом, пин, мой, вот, это, подтверждаю, подтверждение, подтверждения, ваш, смс, из, сообщения'),
  ...words('мне, пришел, пришёл, согласен, согласна, согласны, отдаю'),
  ...words('хочу, заменить, замена, замену, меняю, поменять, карту'),
  ...words('کد, رمز, کدم, من, این, است, تایید, تأیید, میباشد, موافقم, موافق, هستم, جایگزینی, تعویض, پیامک, شما'),
]);

/** What a phone's own last line begins with. */
export const SIGNATURES = words('sent from, отправлено с, отправлено из, ارسال شده از');

/** Other words that are often glued to a number: what stands beside is still the number they name. */
export const LABELS: ReadonlySet<string> = new Set([
  ...words('tel, phone, mob, mobile, cell, и, and, или, or, тел, телефон, моб, чек, receipt, check, kod, код, code'),
  ...words('تلفن, موبایل, همراه, و, یا, رسید, کد'),
]);

/** What follows an age, a time or a year. */
export const TIME_UNITS: ReadonlySet<string> = new Set([
  ...words('лет, год, года, мин, час, часов, дней, years, min, hours, days'),
  ...words('سال, ساله, روز, ساعت'),
]);

/** What follows an amount, a share, an age or a time. Currency signs are told by themselves. */
export const UNITS: ReadonlySet<string> = new Set([
  ...TIME_UNITS,
  ...words('руб, рублей, рубля, рубль, р, рэ, коп, копеек, тыс, тг, тенге, балл, балла, баллов'),
  ...words('rub, rur, rubles, usd, eur, kzt, tg, dollars, dollar, euro, bucks, points, pts, percent, irr, toman, rial'),
  ...words('шт, штук, км, кг, процентов, pcs, kg, km'),
  ...words('تومان, تومن, ریال, هزار, میلیون, امتیاز, درصد, عدد'),
]);

/** What customers say around a card number when they ask for it to be theirs, and the small words between. */
export const REQUEST_WORDS: ReadonlySet<string> = new Set([
  ...words('activate, activated, activation, register, registration, registered, link, add, join, connect, new, got'),
  ...words(
    'i, my, me, mine, is, the, this, here, it, its, want, would, like, to, and, for, with, have, just, best, kind',
  ),
  ...words('sincerely, can, could, your'),
  ...words('активируйте, активировать, активируй, активация, активацию, активацией, зарегистрируйте, регистрация'),
  ...words('зарегистрировать, регистрацию, привяжите, привязать, подключите, подключить, оформите, оформить, прошу'),
  ...words('хочу, можно, моя, мою, моей, мой, мне, новая, новую, новой, вот, это, эту, эта, и, а, с, уважением, вас'),
  ...words('вам, очень, большое, получила, получил, просьба, доброй, утра, вечера, ночи'),
  ...words('فعال, فعالسازی, سازی, ثبت, ثبتنام, کنید, کن, شود, بشه, شه, را, رو, من, این, است, و, برای, جدید, خود, خودم'),
  ...words('میخواهم, میخوام, می, خواهم, احترام, خیلی, بفرمایید, خدمت, شما'),
]);

/** What comes before a name, whatever case it is written in. */
export const INTRODUCTIONS: ReadonlySet<string> = new Set([
  ...words("my name is, my name's, my name, name is, name, full name, called, i am called"),
  ...words('меня зовут, зовут меня, зовут, мое имя, моё имя, имя, фио, мое фио, фамилия имя, фамилия, имя фамилия'),
  ...words('اسم من, نام من, اسمم, نامم, اسم, نام, نام و نام خانوادگی, نام خانوادگی, اینجانب'),
]);

/** The same, but much else may follow: «я потеряла карту», "this is my card". Then only capitals make a name. */
export const WEAK_INTRODUCTIONS: ReadonlySet<string> = new Set([
  ...words("i am, i'm, im, this is, it is, it's, from"),
  ...words('я, это, от'),
  ...words('من, از طرف'),
]);

/** What stands behind a name in a sentence. */
export const NAME_TAILS: ReadonlySet<string> = new Set(words('هستم, است, میباشم, میباشد, ام, یم, speaking'));

/** Words that stand beside card numbers and are nobody's name, also where they begin a sentence. */
export const NO_NAMES: ReadonlySet<string> = new Set([
  ...words(
    'question, problem, issue, stolen, found, urgent, wait, waiting, order, delivery, payment, password, plus, vip',
  ),
  ...words(
    'today, tomorrow, yesterday, monday, tuesday, wednesday, thursday, friday, saturday, sunday, january, february',
  ),
  ...words(
    'бонус, вопрос, проблема, потеряна, потерял, украли, утеряна, перевыпуск, завтра, сегодня, вчера, плюс, вип',
  ),
  ...words('оплата, заказ, доставка, пароль, покупка, чека, понедельник, вторник, среда, четверг, пятница, суббота'),
  ...words('воскресенье, январь, февраль, март, апрель, июнь, июль, сентябрь, октябрь, ноябрь, декабрь'),
  ...words('account, balance, points, discount, sale, shop, store, gift, check, test, hello, sms, city, address, lost'),
  ...words('not, no, on, in, at, of, a, an, or, by, not working, wrong, working, work, works, why, what, how, when'),
  ...words('where, who, which, does, do, did, it, he, she, we, they, are, was, be, been, but, if, error, again, same'),
  ...words('customer, client, member, member id, birthday, email, mail, owner, holder, mother, father, wife, husband'),
  ...words('sent, iphone, android, done, ready, received, replace, change, old, second, first, last, london, moscow'),
  ...words('баланс, бонусы, бонусов, скидка, скидки, акция, магазин, подарок, проверка, проверьте, проверить, тест'),
  ...words('сколько, почему, где, как, когда, что, кто, какой, какая, не, нет, ни, работает, потерял, потеряла, нашел'),
  ...words('нашла, старая, старую, первая, вторая, замена, замените, поменять, поменяйте, вернуть, клиент, покупатель'),
  ...words(
    'владелец, держатель, адрес, город, москва, питер, спб, казань, почта, рождения, муж, жена, мама, папа, сын',
  ),
  ...words(
    'дочь, дочери, мужа, жены, мамы, готово, сделано, жду, ответа, срочно, опять, еще, ещё, снова, ошибка, нужна',
  ),
  ...words('нужно, надо, она, он, они, мы, вы, ты, у, в, к, по, за, но, или, же, отправлено, пустая, действует'),
  ...words(
    'موجودی, تخفیف, فروشگاه, خرید, هدیه, چرا, کجا, کی, چه, چی, نیست, نشد, نشده, ندارم, دارم, گم, کار, نمی, نمیکند',
  ),
  ...words(
    'کند, میکند, کرده, کردم, شد, شده, تست, آدرس, شهر, تهران, مشتری, قدیمی, جواب, منتظر, خطا, دوباره, ایمیل, تولد',
  ),
  ...words('چند, تا, که, اگر, ما, او, آن, هم, در, به, از, یک, دو, همسر, همسرم, پدر, مادر, پسر, دختر, خرابه'),
]);
