import { foldWord } from './fold.ts';

/** Splits a table of words at commas and folds each, so that the tables read as people write. */
function words(table: string): readonly string[] {
  return table.split(',').map((word) => foldWord(word.trim()));
}

/** Opt-out whatever follows, when they come first. FCC 47 CFR 64.1200(a)(10), Twilio's and AWS's lists, and ours. */
export const STRONG_STOP: ReadonlySet<string> = new Set([
  ...words('stop, stopall, stop all, unsubscribe, unsubscribed, unsub, optout, opt out'),
  ...words('стоп, отписка, отписаться, отписать, отпишите, отпиши, отпишись, стопвсе, стоп все'),
  ...words('arret, desabonner, desinscrire'),
  // "Стоп" and "stop" on the other keyboard layout, and "stop" as Russians spell and mistype it.
  ...words('cnjg, ыещз, stoп, стop, stopp, стопп, stp'),
]);

/** Opt-out only when nothing of substance stands beside them: each has another meaning in a sentence. */
export const WEAK_STOP: ReadonlySet<string> = new Set([
  ...words('end, quit, cancel, revoke, remove, off, stopped, stop it, no more, leave me alone'),
  ...words('отмена, отменить, отмените, отказ, отказаться, отказываюсь, хватит, остановить, остановите, прекратить'),
  ...words('прекратите, отключить, отключите, отключить рассылку, отмена подписки, отменить подписку'),
  ...words(
    'не беспокоить, не беспокойте, не писать, не пишите, не пиши, не присылать, не присылайте, не слать, не шлите',
  ),
  ...words('удалить, удалите, выкл, выключить, конец'),
  ...words('لغو, توقف, لغو اشتراک, لغو عضویت, لغو پیامک, قطع, انصراف, ایست, استاپ, متوقف, حذف, خاموش, نفرستید'),
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
    'i, want, would, like, to, me, my, us, from, the, this, these, your, all, any, it, sending, receiving, texting',
  ),
  ...words('messages, message, msgs, msg, sms, texts, text, list, mailing, ads, spam, everything, number'),
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

/** Said beside a switch code. */
export const CODE_WORDS: ReadonlySet<string> = new Set([
  ...words('code, pin, my, is, the, confirm, it, here, this'),
  ...words('код, кода, кодом, пин, мой, вот, это, подтверждаю, подтверждение, ваш, смс'),
  ...words('کد, رمز, کدم, من, این, است, تایید, تأیید, میباشد'),
]);

/** Other words that are often glued to a number: what stands beside is still the number they name. */
export const LABELS: ReadonlySet<string> = new Set([
  ...words('tel, phone, mob, mobile, cell, и, and, или, or, тел, телефон, моб, чек, receipt, check, kod, код, code'),
  ...words('تلفن, موبایل, همراه, و, یا, رسید, کد'),
]);

/** What follows an amount, a share, an age or a time. Currency signs are told by themselves. */
export const UNITS: ReadonlySet<string> = new Set([
  ...words('руб, рублей, рубля, рубль, р, рэ, коп, копеек, тыс, тг, тенге, балл, балла, баллов'),
  ...words('rub, rur, rubles, usd, eur, kzt, tg, dollars, dollar, euro, bucks, points, pts, percent, irr, toman, rial'),
  ...words('шт, штук, лет, год, года, км, кг, мин, час, часов, дней, процентов'),
  ...words('pcs, years, kg, km, min, hours, days'),
  ...words('تومان, تومن, ریال, هزار, میلیون, امتیاز, درصد, سال, ساله, عدد, روز, ساعت'),
]);
