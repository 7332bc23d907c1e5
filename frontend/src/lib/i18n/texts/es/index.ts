// All texts of the page in Spanish.

import type { Texts } from '../en';
import { call } from './call';
import { chat } from './chat';
import { common } from './common';
import { connection } from './connection';
import { devices } from './devices';
import { endings } from './endings';
import { lobby } from './lobby';

export const es: Texts = { common, lobby, devices, connection, call, chat, endings };
