// Inside this room only: what reading a certificate and issuing one have in common.
#pragma once

#include "platform/crypto/openssl.h"

namespace wardbridge::crypto {

// Nothing unless the whole text is one certificate.
OwnedCertificate certificate_from_der(std::string_view der);
// Adds one part (NID_commonName, ...) to a name; false when the text is not UTF-8 or longer than X.520 allows.
bool add_name(X509_NAME* name, int part, const std::string& text);

}  // namespace wardbridge::crypto
