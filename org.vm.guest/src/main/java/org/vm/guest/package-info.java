/** Guests that can be run: fetched from a distribution's archive, verified, and made bootable. */
@org.osgi.annotation.bundle.Export
@org.osgi.annotation.versioning.Version("0.1.0")
package org.vm.guest;
