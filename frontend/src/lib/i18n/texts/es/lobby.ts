// Texts of the first page and the page before the room.

import type { Texts } from '../en';

export const lobby: Texts['lobby'] = {
  login: {
    title: 'Entre en su cita',
    note: 'A continuación podrá probar la cámara y el micrófono, antes de que alguien le vea o le oiga.',
    appointment: 'Número de cita',
    appointmentHint: 'Está en su invitación.',
    name: 'Su nombre',
    nameHint: 'La otra persona lo verá.',
    continue: 'Continuar',
    otherProtocols: 'Otros protocolos de este servidor:',
  },

  problems: {
    appointment: {
      missing: 'Por favor, escriba su número de cita.',
      tooLong: 'Es demasiado largo para un número de cita.',
      forbidden: 'Un número de cita no lleva “/”.',
    },
    name: {
      missing: 'Por favor, escriba su nombre.',
      tooLong: 'Por favor, use un nombre más corto.',
      forbidden: 'Por favor, use solo letras.',
    },
  },

  preJoin: {
    title: '¿Todo listo para entrar?',
    appointment: 'Cita',
    joinAs: 'Entrará como',
    changeName: 'Cambiar el nombre',
    join: 'Entrar ahora',
    joining: 'Entrando…',
    ownPicture: 'Su imagen',
    cameraOff: 'Su cámara está apagada',
    cameraStarting: 'Encendiendo su cámara…',
    cameraMissing: 'Sin cámara',
    controls: 'Micrófono y cámara',
    notSeenYet: 'Todavía nadie le ve ni le oye.',
  },

  backToFirstPage: 'Volver a la página inicial',
};
