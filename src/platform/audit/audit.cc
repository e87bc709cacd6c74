#include "platform/audit/audit.h"
