/**
 * VirtIO devices without their transport: a device is a {@link org.vm.device.virtio.VirtioDevice} service, and the
 * virtio bundle puts it behind registers and rings (Virtual I/O Device (VIRTIO) Version 1.2).
 *
 * <p>Not imported by the bundle that exports it: with two versions of it, each serves the devices that are wired to it.
 */
@org.osgi.annotation.bundle.Export(substitution = org.osgi.annotation.bundle.Export.Substitution.NOIMPORT)
@org.osgi.annotation.versioning.Version("0.1.0")
package org.vm.device.virtio;
