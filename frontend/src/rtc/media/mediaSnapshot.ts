// The published state of LocalMedia.

import type { DeviceState } from './captureSource';
import type { DeviceLists, SourceKind } from './devices';
import type { MediaProblem } from './mediaProblem';

export interface MediaSnapshot {
  /** The same object during the whole visit; its tracks change. */
  stream: MediaStream;
  microphone: DeviceState;
  camera: DeviceState;
  /** Problem of each device kind; null without one. */
  problems: Record<SourceKind, MediaProblem | null>;
  devices: DeviceLists;
  /** Ids of the devices in use, or of the chosen ones; null where the browser chooses. */
  selected: Record<SourceKind, string | null>;
  /** Id of the output, for setSinkId; '' is the system's default. */
  speaker: string;
  /** Direction of the camera. The page mirrors the picture of a camera that faces the user. */
  facing: Facing;
  /** True if there is another camera for `flipCamera`. */
  canFlip: boolean;
  /** The last automatic switch to another device, until it is dismissed. */
  deviceSwitch: DeviceSwitch | null;
}

/** Towards the user, or away, as in the constraint `facingMode`. */
export type Facing = 'user' | 'environment';

export interface DeviceSwitch {
  kind: SourceKind;
  /** Label of the device in use now. */
  to: string;
}
