// Menu of the less common controls.

import {
  Bell,
  Ellipsis,
  Keyboard,
  Link as LinkIcon,
  Maximize,
  Minimize,
  MonitorUp,
  MonitorX,
  PictureInPicture2,
  Settings2,
  SwitchCamera,
} from 'lucide-react';
import { ControlButton } from '../../components/ui/ControlButton';
import { Menu, MenuCheckbox, MenuItem } from '../../components/ui/Menu';
import { useTexts } from '../../lib/i18n/useTexts';
import { useHasRoomForAll } from './ControlBar';
import { shortcuts } from './shortcuts';
import type { ArrivalSound } from './useArrivalSound';
import type { CallView } from './useCall';
import type { FullScreen } from './useFullScreen';
import type { Invite } from './useInvite';
import type { PictureInPicture } from './usePictureInPicture';

interface MoreMenuProps {
  call: CallView;
  invite: Invite;
  pip: PictureInPicture;
  fullScreen: FullScreen;
  arrivalSound: ArrivalSound;
  onShortcuts: () => void;
  /** Absent where devices cannot be chosen. */
  onDevices?: () => void;
}

export function MoreMenu(props: MoreMenuProps) {
  const texts = useTexts().call.controls;
  return (
    <Menu
      label={texts.more}
      trigger={(attributes) => (
        <ControlButton
          {...attributes}
          caption={texts.more}
          icon={<Ellipsis aria-hidden />}
          data-testid="more-button"
        />
      )}
    >
      <MediaItems {...props} />
      <ViewItems {...props} />
      <MenuItem
        icon={<LinkIcon aria-hidden />}
        onClick={props.invite.invite}
        data-testid="invite-button"
      >
        {props.invite.isSent ? texts.shareInvite : texts.invite}
      </MenuItem>
      <MenuCheckbox
        icon={<Bell aria-hidden />}
        checked={props.arrivalSound.isOn}
        onClick={props.arrivalSound.toggle}
        data-testid="arrival-sound-button"
      >
        {texts.arrivalSound}
      </MenuCheckbox>
      <MenuItem
        icon={<Keyboard aria-hidden />}
        onClick={props.onShortcuts}
        aria-keyshortcuts={shortcuts.help}
        data-testid="shortcuts-button"
      >
        {texts.shortcuts}
      </MenuItem>
    </Menu>
  );
}

function MediaItems({ call, onDevices }: MoreMenuProps) {
  const texts = useTexts().call.controls;
  const hasRoom = useHasRoomForAll();
  const isSharing = call.screen !== null;
  return (
    <>
      {!hasRoom && call.canShareScreen && (
        <MenuItem
          icon={isSharing ? <MonitorX aria-hidden /> : <MonitorUp aria-hidden />}
          onClick={call.toggleScreen}
          data-testid="share-button"
        >
          {isSharing ? texts.stopSharing : texts.shareScreen}
        </MenuItem>
      )}
      {call.local.canFlip && (
        <MenuItem
          icon={<SwitchCamera aria-hidden />}
          onClick={call.flipCamera}
          data-testid="flip-button"
        >
          {texts.flip}
        </MenuItem>
      )}
      {onDevices && (
        <MenuItem icon={<Settings2 aria-hidden />} onClick={onDevices} data-testid="devices-button">
          {texts.devices}
        </MenuItem>
      )}
    </>
  );
}

function ViewItems({ fullScreen, pip }: MoreMenuProps) {
  const texts = useTexts().call.controls;
  return (
    <>
      {fullScreen.isSupported && (
        <MenuItem
          icon={fullScreen.isOn ? <Minimize aria-hidden /> : <Maximize aria-hidden />}
          onClick={fullScreen.toggle}
          data-testid="fullscreen-button"
        >
          {fullScreen.isOn ? texts.endFullScreen : texts.fullScreen}
        </MenuItem>
      )}
      {pip.isSupported && (
        <MenuItem
          icon={<PictureInPicture2 aria-hidden />}
          onClick={pip.toggle}
          data-testid="pip-button"
        >
          {pip.isOn ? texts.endPip : texts.pip}
        </MenuItem>
      )}
    </>
  );
}
