/** A guest-side virtio driver, to test devices through their rings as a real driver would. */
@org.osgi.annotation.bundle.Export
@org.osgi.annotation.versioning.Version("0.1.0")
package org.vm.testing.virtio;
