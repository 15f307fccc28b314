"""Tries the image where there is no container engine: buildah builds it, namespaces of Linux run it.

Needs root, buildah, debootstrap and util-linux of a Debian machine. `python -m deploy.trial` prints what it measured.
"""
