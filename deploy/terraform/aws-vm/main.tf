# One machine in AWS with fabwatch from a bundle, as a service of systemd behind nginx. It has no public address and no open port but
# 443 from the fab's networks; people of the team reach its console by Session Manager. Put the tar of `make bundle`
# (--machine linux-aarch64) and a certificate (fabwatch.crt, fabwatch.key) into the bucket first.
terraform {
  required_version = ">= 1.7"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 6.0"
    }
  }
}

provider "aws" {
  region = var.region
}

# Debian 13: its Python is that of the bundle.
data "aws_ami" "debian" {
  most_recent = true
  owners      = ["136693071363"]

  filter {
    name   = "name"
    values = ["debian-13-arm64-*"]
  }
}

data "aws_iam_policy_document" "assume" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["ec2.amazonaws.com"]
    }
  }
}

data "aws_iam_policy_document" "bundle" {
  statement {
    actions   = ["s3:GetObject"]
    resources = ["arn:aws:s3:::${var.bucket}/*"]
  }
}

resource "aws_iam_role" "machine" {
  name               = var.name
  assume_role_policy = data.aws_iam_policy_document.assume.json
}

resource "aws_iam_role_policy" "bundle" {
  name   = "bundle"
  role   = aws_iam_role.machine.id
  policy = data.aws_iam_policy_document.bundle.json
}

resource "aws_iam_role_policy_attachment" "console" {
  role       = aws_iam_role.machine.name
  policy_arn = "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore"
}

resource "aws_iam_instance_profile" "machine" {
  name = var.name
  role = aws_iam_role.machine.name
}

resource "aws_security_group" "machine" {
  name        = var.name
  description = "fabwatch: TLS from the networks of the fab"
  vpc_id      = var.vpc

  ingress {
    description = "Pages and API"
    from_port   = 443
    to_port     = 443
    protocol    = "tcp"
    cidr_blocks = var.fab_networks
  }

  egress {
    description = "Packages, the bucket and Session Manager"
    from_port   = 443
    to_port     = 443
    protocol    = "tcp"
    cidr_blocks = ["0.0.0.0/0"]
  }
}

resource "aws_instance" "machine" {
  ami                         = data.aws_ami.debian.id
  instance_type               = var.size
  subnet_id                   = var.subnet
  vpc_security_group_ids      = [aws_security_group.machine.id]
  iam_instance_profile        = aws_iam_instance_profile.machine.name
  associate_public_ip_address = false
  ebs_optimized               = true
  monitoring                  = true

  metadata_options {
    http_endpoint = "enabled"
    http_tokens   = "required"
  }

  root_block_device {
    encrypted   = true
    volume_size = 20
  }

  user_data = templatefile("${path.module}/first-boot.sh", { bucket = var.bucket, bundle = var.bundle })
}

# The fab outlives the machine.
resource "aws_ebs_volume" "fab" {
  # checkov:skip=CKV_AWS_189:encrypted by the key of the account for volumes
  availability_zone = aws_instance.machine.availability_zone
  size              = var.fab_gb
  type              = "gp3"
  encrypted         = true

  tags = {
    Name = "${var.name}-fab"
  }

  lifecycle {
    prevent_destroy = true
  }
}

resource "aws_volume_attachment" "fab" {
  device_name = "/dev/sdf"
  volume_id   = aws_ebs_volume.fab.id
  instance_id = aws_instance.machine.id
}

variable "name" {
  type        = string
  description = "Name of the machine."
  default     = "fabwatch"
}

variable "region" {
  type        = string
  description = "Region of AWS."
}

variable "vpc" {
  type        = string
  description = "The private network, which the fab reaches."
}

variable "subnet" {
  type        = string
  description = "A subnet of it with a way to the bucket and to Debian's packages by TLS."
}

variable "fab_networks" {
  type        = list(string)
  description = "Networks of the fab, such as 10.20.0.0/16."
}

variable "bucket" {
  type        = string
  description = "Bucket with the bundle and the certificate."
}

variable "bundle" {
  type        = string
  description = "Name of the tar that make bundle made for linux-aarch64."
}

variable "size" {
  type        = string
  description = "Type of the machine: two cores and 8 GB answer 10 million moves."
  default     = "m7g.large"
}

variable "fab_gb" {
  type        = number
  description = "Size of the fab's disk."
  default     = 100
}

output "address" {
  description = "Private address; give it a name in the fab's DNS."
  value       = aws_instance.machine.private_ip
}
