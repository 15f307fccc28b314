#!/bin/sh
# Runs once, at the first boot: the fab's disk, the bundle, the service, and TLS in front. Terraform fills in two names.
set -eu

export DEBIAN_FRONTEND=noninteractive
sed -i 's|http://|https://|' /etc/apt/sources.list.d/*.sources /etc/apt/sources.list 2> /dev/null || true
apt-get update -qq
apt-get install -y -qq --no-install-recommends awscli libgomp1 nginx-light python3-venv

# The disk is attached after the boot has begun; what is on it already stays.
until [ -e /dev/nvme1n1 ]; do sleep 2; done
blkid /dev/nvme1n1 || mkfs.ext4 -q /dev/nvme1n1
install -d -m 0700 /var/lib/fabwatch
grep -q /var/lib/fabwatch /etc/fstab || echo '/dev/nvme1n1 /var/lib/fabwatch ext4 defaults,nofail 0 2' >> /etc/fstab
mount --all

install -d -m 0700 /root/fabwatch /etc/fabwatch/tls
aws s3 cp "s3://${bucket}/${bundle}" /root/fabwatch.tar
tar --extract --file /root/fabwatch.tar --directory /root/fabwatch --strip-components 1
aws s3 cp "s3://${bucket}/fabwatch.crt" /etc/fabwatch/tls/fabwatch.crt
aws s3 cp "s3://${bucket}/fabwatch.key" /etc/fabwatch/tls/fabwatch.key
sh /root/fabwatch/install.sh --to /opt/fabwatch

getent passwd fabwatch || useradd --system --uid 10001 --user-group --no-create-home --home-dir /var/lib/fabwatch fabwatch
chown fabwatch:fabwatch /var/lib/fabwatch
[ -e /var/lib/fabwatch/fab.toml ] || printf '[server]\nproxies = ["127.0.0.1"]\n' > /var/lib/fabwatch/fab.toml
chown fabwatch:fabwatch /var/lib/fabwatch/fab.toml
# A fab is made by its first load; of an empty folder, nothing.
install -d /tmp/none
runuser -u fabwatch -- /opt/fabwatch/bin/fabwatch ingest /tmp/none --fab /var/lib/fabwatch
cp /root/fabwatch/systemd/fabwatch.service /etc/systemd/system/
cp /root/fabwatch/proxy/nginx.conf /etc/nginx/conf.d/fabwatch.conf
rm -f /etc/nginx/sites-enabled/default
systemctl daemon-reload
systemctl enable --now fabwatch
systemctl restart nginx
