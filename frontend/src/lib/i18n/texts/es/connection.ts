// Texts of the connection check.

import type { Texts } from '../en';

export const connection: Texts['connection'] = {
  check: 'Comprobar mi conexión',
  intro: 'Tarda unos segundos y muestra si la llamada funcionará desde aquí.',
  checking: 'Comprobando su conexión…',
  checkAgain: 'Comprobar de nuevo',
  meaning: 'Qué significa esto',
  roundTrip: (ms) => `${ms} ms`,

  verdicts: {
    good: {
      title: 'Su conexión es buena',
      detail: 'La llamada debería funcionar desde aquí.',
    },
    doubtful: {
      title: 'La llamada quizá funcione desde aquí',
      detail: 'Si no se ven o no se oyen, pruebe con otra red, por ejemplo la de su teléfono.',
    },
    bad: {
      title: 'Es probable que la llamada no funcione desde aquí',
      detail:
        'Compruebe que tiene internet. Si usa una VPN o la red de una empresa, pruebe sin ella o use la red de su teléfono.',
    },
  },

  lines: {
    server: 'Servidor de esta página',
    webSocket: 'Mensajes rápidos con el servidor',
    local: 'Red de este dispositivo',
    stun: 'Vía directa por internet',
    relay: 'Vía por un servidor intermediario',
  },

  outcomes: {
    good: 'Funciona',
    fair: 'En parte',
    bad: 'No funciona',
    none: 'No configurado',
    unknown: 'No se puede saber',
  },

  meanings: {
    server: {
      good: 'El servidor responde.',
      fair: 'El servidor responde, pero despacio.',
      bad: 'El servidor no responde. Puede que usted no tenga internet, o que el servidor esté parado un momento.',
      none: '',
      unknown: '',
    },
    webSocket: {
      good: 'Usted y la otra persona se encuentran con rapidez.',
      fair: '',
      bad: 'Algo entre usted y el servidor, quizá el proxy de una empresa, retiene los mensajes rápidos. La página funciona sin ellos, un poco más despacio.',
      none: '',
      unknown: '',
    },
    local: {
      good: 'Su dispositivo tiene una red que sirve para las llamadas.',
      fair: '',
      bad: 'Su navegador no ofrece ninguna red para las llamadas. Puede que no tenga internet, o que una extensión o una VPN lo impida.',
      none: '',
      unknown: '',
    },
    stun: {
      good: 'Su red deja que las llamadas vayan directamente a la otra persona, siempre que la de ella también lo permita.',
      fair: '',
      bad: 'Su red no deja salir las llamadas directamente. Hace falta un servidor intermediario.',
      none: 'Este servidor no ayuda a encontrar una vía directa por internet. Las llamadas funcionan dentro de una misma red.',
      unknown: '',
    },
    relay: {
      good: 'Si no hay una vía directa, el sonido y la imagen pasan por un servidor intermediario.',
      fair: 'El servidor intermediario responde, pero nuestra prueba no logró pasar a tiempo.',
      bad: 'El servidor intermediario no responde: las llamadas que lo necesiten no funcionarán desde aquí.',
      none: 'Este servidor no tiene un intermediario (TURN): si un cortafuegos no permite ninguna vía directa, la llamada no es posible.',
      unknown:
        'Su navegador solo muestra durante la llamada si el servidor intermediario responde.',
    },
  },
};
