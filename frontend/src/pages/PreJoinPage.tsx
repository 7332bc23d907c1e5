// The page before the room: the own video and audio, and the connection check.

import { useEffect } from 'react';
import { Brand } from '../components/ui/Brand';
import { LanguagePicker } from '../components/ui/LanguagePicker';
import { ConnectionSection } from '../features/connectionCheck/ConnectionSection';
import { DeviceHelp } from '../features/devices/DeviceHelp';
import { DevicePicker } from '../features/devices/DevicePicker';
import { MicrophoneLevel } from '../features/devices/MicrophoneLevel';
import { PermissionHint } from '../features/devices/PermissionHint';
import { SpeakerTest } from '../features/devices/SpeakerTest';
import { JoinPanel } from '../features/lobby/JoinPanel';
import { SelfPreview } from '../features/lobby/SelfPreview';
import { useTexts } from '../lib/i18n/useTexts';
import type { LocalMedia } from '../rtc/media/localMedia';

interface PreJoinPageProps {
  appointmentId: string;
  name: string;
  media: LocalMedia;
  isJoining: boolean;
  onJoin: (name: string) => void;
}

export function PreJoinPage({ media, ...joining }: PreJoinPageProps) {
  const texts = useTexts();
  useEffect(() => void media.open(), [media]);
  return (
    <div
      data-testid="prejoin"
      className="mx-auto flex min-h-dvh w-full max-w-xl flex-col px-4 pt-4 pb-28 wide:max-w-5xl wide:px-6 wide:pb-6"
    >
      <header className="flex items-center justify-between gap-4 pb-4 short:pb-2">
        <Brand />
        <LanguagePicker />
      </header>
      <main className="flex flex-1 flex-col gap-6 wide:grid wide:grid-cols-[minmax(0,1fr)_20rem] wide:content-center wide:items-start wide:gap-8">
        <div className="flex min-w-0 flex-col gap-4">
          <SelfPreview media={media} />
          <PermissionHint media={media} />
          <MicrophoneLevel media={media} />
          <DeviceHelp media={media} note={texts.devices.help.joinAnyway} />
        </div>
        <div className="min-w-0 wide:sticky wide:top-6 wide:row-span-2">
          <JoinPanel {...joining} />
        </div>
        <div className="flex min-w-0 flex-col gap-6">
          <section
            aria-label={texts.devices.settingsTitle}
            className="grid gap-4 sm:grid-cols-2 xl:grid-cols-3"
          >
            <DevicePicker media={media} kind="camera" />
            <DevicePicker media={media} kind="microphone" />
            <DevicePicker media={media} kind="speaker" />
            <div className="self-end xl:col-span-full">
              <SpeakerTest media={media} />
            </div>
          </section>
          <ConnectionSection />
        </div>
      </main>
    </div>
  );
}
