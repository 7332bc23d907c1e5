// What LocalMedia lets others see.

import type { DeviceLists, SourceKind } from './devices';
import type { MediaProblem } from './mediaProblem';
import type { DeviceState } from './mediaSource';

export interface MediaSnapshot {
  /** The same object for as long as the visit lasts; its tracks change. */
  stream: MediaStream;
  microphone: DeviceState;
  camera: DeviceState;
  /** What is wrong with each; null where nothing is known to be. */
  problems: Record<SourceKind, MediaProblem | null>;
  devices: DeviceLists;
  /** Ids of those in use, or to be used when they are turned on; null where the browser decides. */
  selected: Record<SourceKind, string | null>;
  /** Id of the output for setSinkId; '' is where the system wants it. */
  speaker: string;
  /** Where the camera looks. Whoever looks into it wants to see themselves mirrored. */
  facing: Facing;
  /** Whether there is another camera for flipCamera to turn to. */
  canFlip: boolean;
  /** Set when another device stepped in by itself, until somebody has taken note of it. */
  moved: Move | null;
}

/** At the person, or away from them. */
export type Facing = 'user' | 'environment';

export interface Move {
  kind: SourceKind;
  /** The label of the device that is used now. */
  to: string;
}
