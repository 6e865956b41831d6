package keyring

// What tests of the border to the disk and of the parser need from inside.

type Disk = disk

type OSDisk = osDisk

var OpenFileOn = openFile

// ParseAndPrint reads a key file and writes it again.
func ParseAndPrint(content []byte) ([]byte, error) {
	keks, err := parseKeyFile(content)
	if err != nil {
		return nil, err
	}
	return encodeKeyFile(keks)
}
