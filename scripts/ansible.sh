#!/usr/bin/env bash
# Installs Ansible for the demo and the tests, once, in a folder of its own: it must not choose the versions
# of other clients' dependencies.
set -euo pipefail
tools="${TOCSIN_TOOLS:-$HOME/.cache/tocsin/tools}"
mkdir -p "$tools"

ansible="ansible-core==2.19.14 ansible-runner==2.4.3"
if [ "$(cat "$tools/ansible.txt" 2>/dev/null)" != "$ansible" ]; then
  rm -rf "$tools/ansible"
  python3 -m venv "$tools/ansible"
  # shellcheck disable=SC2086
  "$tools/ansible/bin/pip" install --quiet --disable-pip-version-check $ansible
  echo "$ansible" >"$tools/ansible.txt"
fi
