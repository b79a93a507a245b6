import CLinuxShims

/// Waits until the script is well under way and gives back what the runner used to come there.
///
/// From then on it mostly sleeps: its code is 7 MiB of pages of which a few hundred kilobytes are needed again, and
/// the script may need the memory. Short scripts are over before.
package func releaseMemoryOnceQuiet() async {
    // Cancelled when the script ends: nothing is to be given back then.
    guard (try? await Task.sleep(for: .milliseconds(500))) != nil else { return }
    CLinuxShims_release_unused_memory()
}
