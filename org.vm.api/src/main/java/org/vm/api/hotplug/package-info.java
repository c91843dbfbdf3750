/** Plugging devices into a running guest and out of it. */
@org.osgi.annotation.bundle.Export
@org.osgi.annotation.versioning.Version("0.1.0")
package org.vm.api.hotplug;
