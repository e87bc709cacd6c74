#include "platform/store/store.h"
