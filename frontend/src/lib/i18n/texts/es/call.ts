// Texts of the call: its states, its controls, and the other participant.

import { isolated } from '../../isolated';
import type { Texts } from '../en';

export const call: Texts['call'] = {
  someone: 'la otra persona',
  appointment: (id) => `Cita ${isolated(id)}`,

  states: {
    joining: {
      label: 'Entrando',
      title: 'Entrando en su cita…',
      detail: 'Es solo un momento.',
    },
    connecting: {
      label: 'Conectando',
      title: (peer) => `Conectando con ${isolated(peer)}…`,
      detail: 'Es solo un momento.',
    },
    waiting: {
      label: 'En espera',
      title: 'Esperando a la otra persona',
      detail:
        'Está en el lugar correcto. La llamada empezará sola en cuanto la otra persona entre.',
    },
    waitingForReturn: {
      label: 'En espera',
      title: (name) => `${isolated(name)} ha salido`,
      detail:
        'Puede quedarse aquí. La llamada empezará sola de nuevo cuando la otra persona vuelva.',
    },
    connected: {
      label: 'En llamada',
      title: (peer) => `Está hablando con ${isolated(peer)}`,
    },
    reconnecting: {
      label: 'Reconectando',
      server: {
        title: 'Recuperando la conexión con el servidor',
        detail: 'Si todavía se oyen, sigan hablando. Por favor, quédese en esta página.',
      },
      peer: {
        title: (peer) => `Se ha perdido el contacto con ${isolated(peer)}`,
        detail: 'Por favor, quédese en esta página mientras la otra persona se reconecta.',
      },
      media: {
        title: (peer) => `Se ha interrumpido la conexión con ${isolated(peer)}`,
        detail: 'Por favor, quédese en esta página mientras recuperamos la conexión.',
      },
    },
    noPath: {
      label: 'Aún sin vía',
      title: (peer) => `No hemos encontrado ninguna vía hasta ${isolated(peer)}`,
      detail:
        'Puede que un cortafuegos lo impida. Seguimos intentándolo; suele ayudar usar otra red, por ejemplo la de un teléfono.',
      detailNoRelay:
        'Puede que un cortafuegos lo impida, y este servidor no tiene un intermediario (TURN) para evitarlo. Seguimos intentándolo; suele ayudar usar otra red, por ejemplo la de un teléfono.',
      check: 'Comprobar la conexión',
    },
    unreachable: {
      label: 'Sin conexión',
      title: 'No logramos conectar con el servidor',
      detail:
        'Por favor, compruebe su conexión a internet. Seguimos intentándolo; basta con esperar aquí.',
    },
  },

  stage: {
    label: 'Imágenes',
    you: 'Usted',
    yourScreen: 'Su pantalla',
    ownPicture: 'Su imagen',
    ownPictureHelp: 'Las teclas de flecha la mueven a otra esquina.',
    pictureOf: (name) => `Imagen de ${isolated(name)}`,
    muted: 'Micrófono silenciado',
    cameraOff: 'Cámara apagada',
    sharing: 'Comparte su pantalla',
    reconnecting: 'Reconectando',
    videoPaused: 'Imagen en pausa para que se oiga bien',
    hear: (name) => `Toque para oír a ${isolated(name)}`,
    allowDevices: 'Si su navegador pide permiso para la cámara y el micrófono, elija “Permitir”.',
    talking: 'Se le oye mientras mantenga pulsada la barra espaciadora',
  },

  controls: {
    label: 'Controles de la llamada',
    mute: 'Silenciar',
    unmute: 'Hablar',
    camera: 'Cámara',
    stopCamera: 'Apagar la cámara',
    startCamera: 'Encender la cámara',
    share: 'Compartir',
    shareScreen: 'Compartir su pantalla',
    stopSharing: 'Dejar de compartir su pantalla',
    flip: 'Cambiar entre la cámara delantera y la trasera',
    more: 'Más',
    devices: 'Cámara, micrófono y altavoz',
    fullScreen: 'Pantalla completa',
    endFullScreen: 'Salir de la pantalla completa',
    pip: 'Ventana pequeña siempre visible',
    endPip: 'Cerrar la ventana pequeña',
    invite: 'Copiar el enlace de invitación',
    shareInvite: 'Enviar el enlace de invitación',
    copied: 'El enlace de invitación se ha copiado',
    copyThis: 'Copie este enlace y envíelo:',
    arrivalSound: 'Sonido cuando llegue alguien',
    shortcuts: 'Atajos de teclado',
    leave: 'Salir',
    withKey: (control, key) => `${isolated(control)} (${isolated(key)})`,
  },

  shortcuts: {
    title: 'Atajos de teclado',
    microphone: 'Silenciar o activar el micrófono',
    camera: 'Encender o apagar la cámara',
    screen: 'Empezar o dejar de compartir su pantalla',
    chat: 'Mostrar u ocultar el chat',
    talk: 'Hablar mientras se mantiene pulsada, con el micrófono silenciado',
    help: 'Esta lista',
    space: 'Espacio',
    enabled: 'Usar estas teclas',
  },

  news: {
    arrived: (name) => `● ${isolated(name)} ya está aquí`,
    muted: (name) => `${isolated(name)} ha silenciado el micrófono`,
    unmuted: (name) => `Ya se oye de nuevo a ${isolated(name)}`,
    shares: (name) => `${isolated(name)} está compartiendo su pantalla`,
    sharesNoMore: (name) => `${isolated(name)} ha dejado de compartir su pantalla`,
    paused: 'Su imagen está en pausa para que se oiga bien',
    resumed: 'Su imagen se ve de nuevo',
  },

  timer: (time) => `Tiempo de llamada: ${isolated(time)}`,

  quality: {
    label: {
      good: 'Conexión buena',
      fair: 'Conexión regular',
      poor: 'Conexión mala',
      unknown: 'Midiendo la conexión',
    },
    advice: {
      good: 'El sonido y la imagen llegan bien.',
      fair: 'Puede haber cortes de vez en cuando.',
      poor: 'Ayuda acercarse al wifi o cerrar otros programas que usen internet.',
      unknown: 'Por ahora no hay datos.',
    },
    direct: 'La conexión entre ustedes es directa.',
    relayed: 'La conexión pasa por un servidor intermediario.',
    details: 'Detalles de la conexión',
    roundTrip: 'Ida y vuelta',
    lossIn: 'Perdido al llegar aquí',
    lossOut: 'Perdido al llegar allí',
    jitter: 'Irregularidad del sonido',
    received: 'Recibido',
    sent: 'Enviado',
    videoIn: 'Imagen de la otra persona',
    videoOut: 'Su imagen',
    path: 'Vía',
    pathKind: { direct: 'directa', relayed: 'con intermediario' },
    milliseconds: (amount) => `${isolated(amount)} ms`,
    kilobits: (amount) => `${isolated(amount)} kbit/s`,
    videoFormat: (width, height, rate) => `${width} × ${height}, ${rate}/s`,
    unknown: '–',
  },
};
