/** Functions of a PCI Express bus: what a device model writes to be one. */
@org.osgi.annotation.bundle.Export
@org.osgi.annotation.versioning.Version("0.1.0")
package org.vm.api.pci;
