/** Replacing bundles of devices while a guest uses them. */
@org.osgi.annotation.bundle.Export
@org.osgi.annotation.versioning.Version("0.1.0")
package org.vm.api.replace;
