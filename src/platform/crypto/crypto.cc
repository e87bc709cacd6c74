#include "platform/crypto/crypto.h"
