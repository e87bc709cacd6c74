// `wardbridge tenant ...`: what the operator of a tenant does besides Microsoft Graph: signing keys, secrets that end,
// Macs that are in the directory twice, second factors that were lost.
//
// All return an exit code: 0 done; 1 it did not work, standard error says why; 3 there is no such key or person.
#pragma once

#include <string>

#include "cli/api_client.h"

namespace wardbridge::cli {

// One tenant through its face, as an application with the permissions that the routes name.
struct TenantDesk {
  ApiClient& client;
  std::string tenant;  // id or domain
  bool json = false;   // answers as JSON
};

int list_keys(const TenantDesk& desk);
struct KeyRotation {
  int lead_hours = 24;    // how long the next key is published before it signs
  std::string algorithm;  // empty: as before
};
int rotate_key(const TenantDesk& desk, const KeyRotation& rotation);
// Nothing that the keys before signed is believed any more.
int withdraw_keys(const TenantDesk& desk, const std::string& algorithm);
enum class Retention { retain, release };
int change_retention(const TenantDesk& desk, const std::string& key_id, Retention retention);

// Secrets and certificates that end within so many days, or have ended. 1 when some have.
int list_expiring_secrets(const TenantDesk& desk, int days);
int list_duplicate_devices(const TenantDesk& desk);
int reset_second_factor(const TenantDesk& desk, const std::string& user);

}  // namespace wardbridge::cli
