# A model that fabwatch exported, as a Cloud Run function that only named accounts may call.
#   fabwatch model export etch --as lambda -o function
#   cp main.py function/ && (cd function && zip -qr ../function.zip .)
terraform {
  required_version = ">= 1.7"
  required_providers {
    google = {
      source  = "hashicorp/google"
      version = "~> 7.0"
    }
  }
}

provider "google" {
  project = var.project
  region  = var.region
}

resource "google_storage_bucket" "source" {
  # checkov:skip=CKV_GCP_62:it holds the packed function alone, and who reads it stands in the audit log of the project
  name                        = "${var.project}-${var.name}-source"
  location                    = var.region
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"

  versioning {
    enabled = true
  }
}

resource "google_storage_bucket_object" "source" {
  # The name changes with the content, so that a new model is deployed.
  name   = "${filesha256(var.package)}.zip"
  bucket = google_storage_bucket.source.name
  source = var.package
}

# It has no rights at all.
resource "google_service_account" "function" {
  account_id   = var.name
  display_name = "fabwatch: predicts, and may do nothing else"
}

resource "google_cloudfunctions2_function" "predict" {
  # checkov:skip=CKV_GCP_124:internal traffic and the load balancer alone, as stated by ingress_settings below
  name     = var.name
  location = var.region

  build_config {
    runtime     = "python313"
    entry_point = "predict"
    source {
      storage_source {
        bucket = google_storage_bucket.source.name
        object = google_storage_bucket_object.source.name
      }
    }
  }

  service_config {
    available_memory               = "1Gi"
    available_cpu                  = "1"
    timeout_seconds                = 20
    max_instance_count             = var.most_instances
    ingress_settings               = "ALLOW_INTERNAL_AND_GCLB"
    all_traffic_on_latest_revision = true
    service_account_email          = google_service_account.function.email
  }
}

# Who may call it; without an entry nobody may.
resource "google_cloud_run_v2_service_iam_member" "callers" {
  for_each = toset(var.callers)
  project  = var.project
  location = var.region
  name     = google_cloudfunctions2_function.predict.name
  role     = "roles/run.invoker"
  member   = each.value
}

variable "name" {
  type        = string
  description = "Name of the function."
  default     = "fabwatch-predict"
}

variable "project" {
  type        = string
  description = "Project of Google Cloud."
}

variable "region" {
  type        = string
  description = "Region of Google Cloud."
}

variable "package" {
  type        = string
  description = "The zip file of the export with main.py."
  default     = "function.zip"
}

variable "callers" {
  type        = list(string)
  description = "Who may call it, such as serviceAccount:NAME@PROJECT.iam.gserviceaccount.com."
  default     = []
}

variable "most_instances" {
  type        = number
  description = "Instances that run at once at most."
  default     = 5
}

output "address" {
  description = "Where rows are sent, with an identity token of the caller."
  value       = google_cloudfunctions2_function.predict.service_config[0].uri
}
