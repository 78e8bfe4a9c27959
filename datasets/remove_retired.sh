#!/bin/sh
# Removes loaders of older versions whose components other files hold now: two of one name in a folder clash, and neither is used.
# Arguments: the folder of the plugins below the prefix, and their names.
folder=$MESON_INSTALL_DESTDIR_PREFIX/$1
shift
for name; do rm -f "$folder/$name.so" "$folder/$name.json"; done
