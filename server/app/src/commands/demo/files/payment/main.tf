# Through which provider payments of the shop go. The shop reads the output in the state.

variable "payment_provider" {
  type        = string
  description = "paygate or cardline"

  validation {
    condition     = contains(["paygate", "cardline"], var.payment_provider)
    error_message = "Expected paygate or cardline."
  }
}

resource "terraform_data" "payment_provider" {
  input = var.payment_provider
}

output "payment_provider" {
  value = terraform_data.payment_provider.output
}
