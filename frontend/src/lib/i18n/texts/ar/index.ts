// All texts of the page in Arabic.

import type { Texts } from '../en';
import { call } from './call';
import { chat } from './chat';
import { common } from './common';
import { connection } from './connection';
import { devices } from './devices';
import { endings } from './endings';
import { lobby } from './lobby';

export const ar: Texts = { common, lobby, devices, connection, call, chat, endings };
