# A model that fabwatch exported, as a function of AWS Lambda behind an HTTP gateway that only signed requests pass.
#   fabwatch model export etch --as lambda -o function
#   pip install --requirement function/requirements.txt --target function --platform manylinux_2_28_aarch64 \
#     --python-version 3.13 --only-binary :all:
#   (cd function && zip -qr ../function.zip .)
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

data "aws_caller_identity" "current" {}

resource "aws_kms_key" "function" {
  description         = "Logs and settings of ${var.name}"
  enable_key_rotation = true
  policy              = data.aws_iam_policy_document.key.json
}

data "aws_iam_policy_document" "key" {
  # checkov:skip=CKV_AWS_109:the policy of a key names the key itself by *
  # checkov:skip=CKV_AWS_111:the policy of a key names the key itself by *
  # checkov:skip=CKV_AWS_356:the policy of a key names the key itself by *
  statement {
    actions   = ["kms:*"]
    resources = ["*"]
    principals {
      type        = "AWS"
      identifiers = ["arn:aws:iam::${data.aws_caller_identity.current.account_id}:root"]
    }
  }
  statement {
    actions   = ["kms:Encrypt*", "kms:Decrypt*", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:Describe*"]
    resources = ["*"]
    principals {
      type        = "Service"
      identifiers = ["logs.${var.region}.amazonaws.com"]
    }
  }
}

resource "aws_cloudwatch_log_group" "function" {
  name              = "/aws/lambda/${var.name}"
  retention_in_days = 365
  kms_key_id        = aws_kms_key.function.arn
}

resource "aws_cloudwatch_log_group" "gateway" {
  name              = "/aws/apigateway/${var.name}"
  retention_in_days = 365
  kms_key_id        = aws_kms_key.function.arn
}

data "aws_iam_policy_document" "assume" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["lambda.amazonaws.com"]
    }
  }
}

# It writes its log, and may do nothing else.
data "aws_iam_policy_document" "logs" {
  statement {
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["${aws_cloudwatch_log_group.function.arn}:*"]
  }
}

resource "aws_iam_role" "function" {
  name               = var.name
  assume_role_policy = data.aws_iam_policy_document.assume.json
}

resource "aws_iam_role_policy" "logs" {
  name   = "logs"
  role   = aws_iam_role.function.id
  policy = data.aws_iam_policy_document.logs.json
}

resource "aws_lambda_function" "predict" {
  # checkov:skip=CKV_AWS_117:it reaches nothing, so it needs no network of its own
  # checkov:skip=CKV_AWS_116:it is asked and answers; nothing is queued that could be lost
  # checkov:skip=CKV_AWS_50:there is one step to trace, and its time is in the log
  # checkov:skip=CKV_AWS_272:the hash of the file is compared below
  function_name                  = var.name
  role                           = aws_iam_role.function.arn
  filename                       = var.package
  source_code_hash               = filebase64sha256(var.package)
  handler                        = "handler.handler"
  runtime                        = "python3.13"
  architectures                  = ["arm64"]
  memory_size                    = 1024
  timeout                        = 20
  reserved_concurrent_executions = var.most_at_once
  kms_key_arn                    = aws_kms_key.function.arn
  depends_on                     = [aws_iam_role_policy.logs, aws_cloudwatch_log_group.function]

  environment {
    variables = {
      HOME = "/tmp"
    }
  }
}

resource "aws_apigatewayv2_api" "predict" {
  name          = var.name
  protocol_type = "HTTP"
}

resource "aws_apigatewayv2_integration" "predict" {
  api_id                 = aws_apigatewayv2_api.predict.id
  integration_type       = "AWS_PROXY"
  integration_uri        = aws_lambda_function.predict.invoke_arn
  payload_format_version = "2.0"
}

resource "aws_apigatewayv2_route" "predict" {
  api_id             = aws_apigatewayv2_api.predict.id
  route_key          = "POST /predict"
  authorization_type = "AWS_IAM"
  target             = "integrations/${aws_apigatewayv2_integration.predict.id}"
}

resource "aws_apigatewayv2_stage" "predict" {
  api_id      = aws_apigatewayv2_api.predict.id
  name        = "$default"
  auto_deploy = true

  access_log_settings {
    destination_arn = aws_cloudwatch_log_group.gateway.arn
    format          = jsonencode({ at = "$context.requestTime", who = "$context.identity.userArn", status = "$context.status" })
  }

  default_route_settings {
    throttling_burst_limit = 20
    throttling_rate_limit  = 10
  }
}

resource "aws_lambda_permission" "gateway" {
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.predict.function_name
  principal     = "apigateway.amazonaws.com"
  source_arn    = "${aws_apigatewayv2_api.predict.execution_arn}/*/POST/predict"
}

variable "name" {
  type        = string
  description = "Name of the function."
  default     = "fabwatch-predict"
}

variable "region" {
  type        = string
  description = "Region of AWS."
}

variable "package" {
  type        = string
  description = "The zip file of the export and what it needs."
  default     = "function.zip"
}

variable "most_at_once" {
  type        = number
  description = "Requests that are worked on at once; further ones are refused."
  default     = 10
}

output "address" {
  description = "Where rows are sent, signed by the sender (AWS Signature Version 4)."
  value       = "${aws_apigatewayv2_api.predict.api_endpoint}/predict"
}
