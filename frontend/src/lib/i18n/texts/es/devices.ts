// Texts about camera, microphone and speaker: choosing, testing, and problems.

import { isolated } from '../../isolated';
import type { Texts } from '../en';

const your = { camera: 'su cámara', microphone: 'su micrófono', both: 'su cámara o su micrófono' };
const the = {
  camera: 'la cámara',
  microphone: 'el micrófono',
  both: 'la cámara o el micrófono',
};
const any = {
  camera: 'ninguna cámara',
  microphone: 'ningún micrófono',
  both: 'ni cámara ni micrófono',
};
const it = { camera: 'la', microphone: 'lo', both: 'los' };
const settings = { camera: 'Cámara', microphone: 'Micrófono', both: 'Cámara y Micrófono' };

export const devices: Texts['devices'] = {
  camera: 'Cámara',
  microphone: 'Micrófono',
  speaker: 'Altavoz',
  unnamed: (kind, number) =>
    `${{ camera: 'Cámara', microphone: 'Micrófono', speaker: 'Altavoz' }[kind]} ${number}`,
  noneFound: 'No se encontró ninguno',
  notKnownYet: 'Se mostrará cuando dé permiso',
  systemSpeaker: 'El que elija el sistema',

  settingsTitle: 'Cámara, micrófono y altavoz',
  ownPicture: 'Su imagen',
  mute: 'Silenciar el micrófono',
  unmute: 'Activar el micrófono',
  startCamera: 'Encender la cámara',
  stopCamera: 'Apagar la cámara',

  level: {
    label: 'Nivel del micrófono',
    silent: 'Diga algo: la barra debería moverse.',
    heard: 'Su micrófono le oye.',
    stillSilent:
      'Todavía no se oye nada. Hable más alto, busque un interruptor en el micrófono o elija otro.',
    muted: 'Su micrófono está silenciado.',
    suspended: 'Toque la pantalla o pulse una tecla para ver si su micrófono le oye.',
  },

  speakerTest: {
    play: 'Reproducir un sonido',
    playing: 'Sonando…',
    question: '¿Lo ha oído?',
    yes: 'Sí',
    no: 'No',
    heard: 'Bien. Así oirá a la otra persona.',
    help: [
      'Suba el volumen, en este dispositivo y en el propio altavoz o los auriculares.',
      'Si hay auriculares o un altavoz Bluetooth conectados, escuche ahí.',
      'Elija otro altavoz de la lista, si lo hay, y reproduzca el sonido otra vez.',
    ],
    failed: 'No se pudo reproducir el sonido en este altavoz. Elija otro.',
  },

  notice: {
    denied: (what) => `Su navegador no permite que esta página use ${your[what]}.`,
    dismissed: (what) => `Esta página todavía no tiene permiso para usar ${your[what]}.`,
    system: (what) => `Su sistema no permite que el navegador use ${your[what]}.`,
    absent: (what) => `No encontramos ${any[what]}.`,
    busy: (what) => `Parece que otro programa está usando ${your[what]}.`,
    insecure: (what) =>
      `Esta dirección no es segura, así que su navegador no le permite usar ${the[what]}.`,
    unsupported: (what) => `Este navegador no puede usar ${your[what]} para llamadas.`,
    embedded: (what) => `La página que contiene a esta no deja usar ${your[what]}.`,
    consequence: {
      camera: 'Puede participar, pero la otra persona no le verá.',
      microphone: 'Puede participar y usar el chat, pero la otra persona no le oirá.',
      both: 'Puede participar y usar el chat, pero la otra persona no le verá ni le oirá.',
    },
    moved: {
      camera: (to) => `Su cámara ha cambiado. Ahora usa ${isolated(to)}.`,
      microphone: (to) => `Su micrófono ha cambiado. Ahora usa ${isolated(to)}.`,
    },
    movedToUnnamed: {
      camera: 'Su cámara ha cambiado. Ahora usa otra.',
      microphone: 'Su micrófono ha cambiado. Ahora usa otro.',
    },
    close: 'Cerrar este aviso',
    showHelp: '¿Qué puedo hacer?',
    hideHelp: 'Ocultar la ayuda',
  },

  help: {
    ask: 'Preguntar de nuevo',
    retry: 'Intentar de nuevo',
    secureAddress: 'Abrir la dirección segura',
    ownTab: 'Abrir en su propia pestaña',
    joinAnyway: 'Puede entrar así y arreglarlo después.',
    asking: 'Si su navegador pide permiso para la cámara y el micrófono, elija “Permitir”.',

    denied: {
      title: (what) => `Su navegador bloquea ${your[what]}`,
      steps: {
        chrome: (what) => [
          'Haga clic en el icono que está justo antes de la dirección de esta página, en la parte superior de la ventana.',
          `Active ${settings[what]}.`,
          'Vuelva aquí. Si no ocurre nada, cargue la página otra vez.',
        ],
        chromeOnAndroid: (what) => [
          'Toque el icono que está justo antes de la dirección y luego “Permisos”.',
          `Permita ${settings[what]}.`,
          'Vuelva aquí. Si no ocurre nada, cargue la página otra vez.',
        ],
        firefox: (what) => [
          `Haga clic en el icono tachado de ${the[what]}, junto a la dirección de esta página.`,
          'Haga clic en la × que está después de “Bloqueado”.',
          'Pulse aquí “Preguntar de nuevo” y elija “Permitir”.',
        ],
        safari: (what) => [
          'En la barra de menús, abra Safari y luego “Configuración para este sitio web…” (o “Ajustes para este sitio web…”).',
          `Ponga ${settings[what]} en “Permitir”.`,
          'Pulse aquí “Preguntar de nuevo”.',
        ],
        ios: (what) => [
          'Toque el icono al principio de la barra de direcciones y luego “Configuración del sitio web” o “Ajustes del sitio web” (quizá detrás de “…”).',
          `Ponga ${settings[what]} en “Permitir”.`,
          `Si nada cambia: abra la app Configuración (o Ajustes), busque su navegador y permita allí ${settings[what]}.`,
          'Cargue esta página otra vez.',
        ],
        other: (what) => [
          'Abra la configuración de esta página, casi siempre con un icono junto a su dirección.',
          `Permita ${settings[what]}.`,
          'Pulse aquí “Preguntar de nuevo”.',
        ],
      },
    },
    dismissed: {
      title: (what) => `Su navegador preguntó si podía usar ${your[what]} y no tuvo respuesta`,
      steps: (what) => [
        `Pulse “Preguntar de nuevo” y elija “Permitir” para que podamos usar${it[what]}.`,
      ],
    },
    system: {
      title: (what) => `Su sistema no deja que el navegador use ${the[what]}`,
      steps: {
        windows: (what) => [
          `Abra Configuración, luego “Privacidad y seguridad” y luego ${settings[what]}.`,
          'Active el acceso, también para las aplicaciones de escritorio.',
          'Vuelva aquí y pulse “Intentar de nuevo”.',
        ],
        mac: (what) => [
          `Abra Configuración del Sistema (o Ajustes del Sistema), luego “Privacidad y seguridad” y luego ${settings[what]}.`,
          'Active su navegador.',
          'Si se le pide, cierre el navegador por completo y abra esta página otra vez.',
        ],
        ios: (what) => [
          `Abra la app Configuración (o Ajustes), busque su navegador y active ${settings[what]}.`,
          'Vuelva aquí y cargue esta página otra vez.',
        ],
        android: (what) => [
          'Abra Configuración (o Ajustes), luego “Aplicaciones”, luego su navegador y luego “Permisos”.',
          `Permita ${settings[what]}.`,
          'Vuelva aquí y pulse “Intentar de nuevo”.',
        ],
        other: (what) => [
          `En la configuración de privacidad de su sistema, permita que su navegador use ${settings[what]}.`,
          'Vuelva aquí y pulse “Intentar de nuevo”.',
        ],
      },
    },
    absent: {
      title: (what) => `No encontramos ${any[what]}`,
      steps: () => [
        'Si tiene uno de estos dispositivos, conéctelo; lo usaremos sin que haga nada más.',
        'Busque en el dispositivo o en el teclado un interruptor o una tapa que lo desactive.',
      ],
    },
    busy: {
      title: (what) => `Otra cosa está usando ${your[what]}`,
      steps: (what) => [
        'Cierre otros programas y pestañas de llamadas: Zoom, Teams, WhatsApp u otra ventana de esta página.',
        `Pulse “Intentar de nuevo”. Si no ayuda, desconecte ${the[what]} y vuelva a conectar${it[what]}, o reinicie el dispositivo.`,
      ],
    },
    insecure: {
      title: (what) =>
        `Esta dirección no es segura, así que su navegador no le permite usar ${the[what]}`,
      steps: () => ['Abra esta página con su dirección https:// en lugar de esta.'],
    },
    unsupported: {
      title: () => 'Este navegador no puede hacer llamadas',
      steps: () => [
        'Abra esta página en una versión actual de Chrome, Edge, Firefox o Safari.',
        'Si ha llegado aquí desde una app de correo o de mensajes, elija en su menú “Abrir en el navegador”.',
      ],
    },
    embedded: {
      title: (what) => `La página que contiene a esta no deja usar ${your[what]}`,
      steps: () => ['Abra la cita en su propia pestaña.'],
    },
  },
};
