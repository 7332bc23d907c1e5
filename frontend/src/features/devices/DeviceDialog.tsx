// Content of the device dialog. Its level meter runs only while the dialog is open.

import type { ReactNode } from 'react';
import { Dialog } from '../../components/ui/Dialog';
import { useTexts } from '../../lib/i18n/useTexts';
import type { LocalMedia } from '../../rtc/media/localMedia';
import { DeviceHelp } from './DeviceHelp';
import { DevicePicker } from './DevicePicker';
import { MicrophoneLevel } from './MicrophoneLevel';
import { SpeakerTest } from './SpeakerTest';

export interface DeviceDialogProps {
  media: LocalMedia;
  isOpen: boolean;
  onClose: () => void;
  /** Further content, below the devices. */
  children?: ReactNode;
}

export default function DeviceDialog({ media, isOpen, onClose, children }: DeviceDialogProps) {
  const texts = useTexts().devices;
  return (
    <Dialog title={texts.settingsTitle} isOpen={isOpen} onClose={onClose}>
      {isOpen && (
        <div className="flex flex-col gap-5">
          <DeviceHelp media={media} />
          <DevicePicker media={media} kind="camera" />
          <div className="flex flex-col gap-3">
            <DevicePicker media={media} kind="microphone" />
            <MicrophoneLevel media={media} />
          </div>
          <div className="flex flex-col gap-3">
            <DevicePicker media={media} kind="speaker" />
            <SpeakerTest media={media} />
          </div>
          {children}
        </div>
      )}
    </Dialog>
  );
}
