import { element } from './bubbles.js';

/** One of several things to choose from: a radio button of the group that looks like a plate. */
export function plateOf(group, { value, title, hint, badge = '', isHintNumber = false }, isChosen, onChoose) {
  const label = element('label', 'plate');
  const radio = element('input');
  Object.assign(radio, { type: 'radio', name: group, value, checked: isChosen });
  radio.addEventListener('change', onChoose);
  const plate = element('span');
  const below = element('small', '', hint);
  if (isHintNumber) below.dir = 'ltr';
  plate.append(element('b', '', title), below);
  if (badge) plate.append(element('em', '', badge));
  label.append(radio, plate);
  return label;
}
