// Texts of the call: its states, its controls, and the other participant. A sentence whose subject
// is a name has no verb, which would state the person's gender.

import { isolated } from '../../isolated';
import type { Texts } from '../en';

export const call: Texts['call'] = {
  someone: 'الشخص الآخر',
  appointment: (id) => `الموعد ${isolated(id)}`,

  states: {
    joining: {
      label: 'جارٍ الانضمام',
      title: 'جارٍ الانضمام إلى موعدك…',
      detail: 'لن يستغرق ذلك سوى لحظة.',
    },
    connecting: {
      label: 'جارٍ الاتصال',
      title: (peer) => `جارٍ الاتصال مع ${isolated(peer)}…`,
      detail: 'لن يستغرق ذلك سوى لحظة.',
    },
    waiting: {
      label: 'في الانتظار',
      title: 'في انتظار الشخص الآخر',
      detail: 'أنت في المكان الصحيح. تبدأ المكالمة تلقائيًا عند انضمام الشخص الآخر.',
    },
    waitingForReturn: {
      label: 'في الانتظار',
      title: (name) => `${isolated(name)} خارج الموعد الآن`,
      detail: 'يمكنك البقاء هنا. تبدأ المكالمة من جديد تلقائيًا عند عودة الشخص الآخر.',
    },
    connected: {
      label: 'في مكالمة',
      title: (peer) => `المكالمة جارية مع ${isolated(peer)}`,
    },
    reconnecting: {
      label: 'جارٍ الاستعادة',
      server: {
        title: 'جارٍ استعادة الاتصال بالخادم',
        detail:
          'إذا كان الصوت لا يزال مسموعًا بينكما، فيمكنكما متابعة الحديث. يرجى البقاء في هذه الصفحة.',
      },
      peer: {
        title: (peer) => `انقطع الاتصال مع ${isolated(peer)}`,
        detail: 'يرجى البقاء في هذه الصفحة إلى أن يعود اتصال الشخص الآخر.',
      },
      media: {
        title: (peer) => `انقطع الصوت والصورة مع ${isolated(peer)}`,
        detail: 'يرجى البقاء في هذه الصفحة إلى أن نستعيد الاتصال.',
      },
    },
    noPath: {
      label: 'لا طريق بعد',
      title: (peer) => `لم نجد طريقًا إلى ${isolated(peer)}`,
      detail:
        'ربما يمنع ذلك جدار حماية. نواصل المحاولة؛ وكثيرًا ما يفيد استخدام شبكة أخرى، مثل شبكة هاتف.',
      detailNoRelay:
        'ربما يمنع ذلك جدار حماية، وليس لدى هذا الخادم خادم وسيط (TURN) لتجاوزه. نواصل المحاولة؛ وكثيرًا ما يفيد استخدام شبكة أخرى، مثل شبكة هاتف.',
      check: 'فحص الاتصال',
    },
    unreachable: {
      label: 'لا يوجد اتصال',
      title: 'لا يمكننا الوصول إلى الخادم',
      detail: 'يرجى التحقق من اتصالك بالإنترنت. نواصل المحاولة، ويكفي الانتظار هنا.',
    },
  },

  stage: {
    label: 'الصور',
    you: 'أنت',
    yourScreen: 'شاشتك',
    ownPicture: 'صورتك',
    ownPictureHelp: 'تنقلها مفاتيح الأسهم إلى زاوية أخرى.',
    pictureOf: (name) => `صورة ${isolated(name)}`,
    muted: 'الميكروفون مكتوم',
    cameraOff: 'الكاميرا متوقفة',
    sharing: 'الشاشة معروضة',
    reconnecting: 'جارٍ استعادة الاتصال',
    videoPaused: 'الصورة متوقفة مؤقتًا ليبقى الصوت واضحًا',
    hear: (name) => `المس هنا لسماع ${isolated(name)}`,
    allowDevices: 'إذا سألك المتصفح عن الكاميرا والميكروفون، فيرجى اختيار «السماح».',
    talking: 'صوتك مسموع ما دام مفتاح المسافة مضغوطًا',
  },

  controls: {
    label: 'أزرار المكالمة',
    mute: 'كتم',
    unmute: 'إلغاء الكتم',
    camera: 'الكاميرا',
    stopCamera: 'إيقاف الكاميرا',
    startCamera: 'تشغيل الكاميرا',
    share: 'مشاركة',
    shareScreen: 'مشاركة شاشتك',
    stopSharing: 'إيقاف مشاركة شاشتك',
    flip: 'التبديل بين الكاميرا الأمامية والخلفية',
    more: 'المزيد',
    devices: 'الكاميرا والميكروفون ومكبّر الصوت',
    fullScreen: 'ملء الشاشة',
    endFullScreen: 'الخروج من ملء الشاشة',
    pip: 'نافذة صغيرة في المقدمة',
    endPip: 'إغلاق النافذة الصغيرة',
    invite: 'نسخ رابط الدعوة',
    shareInvite: 'إرسال رابط الدعوة',
    copied: 'تم نسخ رابط الدعوة',
    copyThis: 'انسخ هذا الرابط وأرسله:',
    arrivalSound: 'صوت عند وصول أحد',
    shortcuts: 'اختصارات لوحة المفاتيح',
    leave: 'مغادرة',
    withKey: (control, key) => `${isolated(control)} (${isolated(key)})`,
  },

  shortcuts: {
    title: 'اختصارات لوحة المفاتيح',
    microphone: 'كتم الميكروفون أو إلغاء كتمه',
    camera: 'تشغيل الكاميرا أو إيقافها',
    screen: 'بدء مشاركة شاشتك أو إيقافها',
    chat: 'إظهار الدردشة أو إخفاؤها',
    talk: 'التحدث ما دام المفتاح مضغوطًا، حين يكون الميكروفون مكتومًا',
    help: 'هذه القائمة',
    space: 'المسافة',
    enabled: 'استخدام هذه المفاتيح',
  },

  news: {
    arrived: (name) => `● ${isolated(name)} هنا الآن`,
    muted: (name) => `ميكروفون ${isolated(name)} مكتوم`,
    unmuted: (name) => `صوت ${isolated(name)} مسموع من جديد`,
    shares: (name) => `شاشة ${isolated(name)} معروضة الآن`,
    sharesNoMore: (name) => `انتهى عرض شاشة ${isolated(name)}`,
    paused: 'صورتك متوقفة مؤقتًا ليبقى الصوت واضحًا',
    resumed: 'عادت صورتك',
  },

  timer: (time) => `مدة المكالمة: ${isolated(time)}`,

  quality: {
    label: {
      good: 'اتصال جيد',
      fair: 'اتصال متوسط',
      poor: 'اتصال ضعيف',
      unknown: 'جارٍ قياس الاتصال',
    },
    advice: {
      good: 'الصوت والصورة يصلان جيدًا.',
      fair: 'قد يحدث تقطّع أحيانًا.',
      poor: 'يفيد الاقتراب من جهاز Wi-Fi، أو إغلاق البرامج الأخرى التي تستخدم الإنترنت.',
      unknown: 'لا توجد أرقام حاليًا.',
    },
    direct: 'الاتصال بينكما مباشر.',
    relayed: 'الاتصال بينكما يمر عبر خادم وسيط.',
    details: 'تفاصيل الاتصال',
    roundTrip: 'ذهابًا وإيابًا',
    lossIn: 'المفقود في الطريق إلى هنا',
    lossOut: 'المفقود في الطريق إلى هناك',
    jitter: 'عدم انتظام الصوت',
    received: 'الوارد',
    sent: 'الصادر',
    videoIn: 'صورة الشخص الآخر',
    videoOut: 'صورتك',
    path: 'الطريق',
    pathKind: { direct: 'مباشر', relayed: 'عبر خادم وسيط' },
    milliseconds: (amount) => `${isolated(amount)} ملّي ثانية`,
    kilobits: (amount) => `${isolated(amount)} كيلوبت/ث`,
    // One isolated unit: otherwise right-to-left order would put the height before the width.
    videoFormat: (width, height, rate) =>
      `${isolated(`${width} × ${height}`)}، ${isolated(rate)}/ث`,
    unknown: '–',
  },
};
