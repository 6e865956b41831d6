package customer

// Profile is what a programme tells of a customer beyond what the rules look at. It is kept as it was sent, and
// given back.
type Profile struct {
	Level       int    `json:"level"` // of the programme's identity checks, 0 to 9
	Campaign    string `json:"campaign,omitempty"`
	MobileCode  string `json:"mobile_code,omitempty"` // the country code of the phone, with its plus
	Zipcode     string `json:"zipcode,omitempty"`
	Street      string `json:"street,omitempty"`
	Exterior    string `json:"exterior,omitempty"`
	Interior    string `json:"interior,omitempty"`
	Colony      string `json:"colony,omitempty"`
	City        string `json:"city,omitempty"`
	State       string `json:"state,omitempty"`
	Telephone   string `json:"telephone,omitempty"`
	DateOfBirth string `json:"date_of_birth,omitempty"`
}

// DefaultLevel is the level of a customer of whom nothing was told.
const DefaultLevel = 1
